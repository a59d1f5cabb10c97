// From one case to the next, and everything tied together.

function open(place, { focus = false } = {}) {
  current = place;
  document.body.classList.remove("listing");
  at("show-list").setAttribute("aria-expanded", "false");
  scrollToCurrent();
  drawList();
  drawDetail();
  at("detail").scrollTop = 0;
  if (focus) at("detail").focus({ preventScroll: true });
}

function step(direction) {
  const position = found.indexOf(current);
  const next = found[position < 0 ? 0 : position + direction];
  if (next === undefined) {
    announce(direction > 0 ? "That was the last case" : "This is the first case");
    return;
  }
  open(next);
  announce(`${fileNameOf(cases[next])}, ${kindName(cases[next].kind)}`);
}

function choose(one, { verdict, pet_id = null, appointment_id = null }) {
  decide(one, verdict, pet_id, appointment_id);
  const text = verdictText(one, decisionOf(one.recording_id));
  const after = found.slice(found.indexOf(current) + 1);
  const next = after.find((place) => !decisionOf(cases[place].recording_id));
  refresh(next);
  const waiting = next === undefined ? "no undecided case follows" : fileNameOf(cases[next]);
  announce(`${text}. ${decidedCount()} of ${cases.length} decided. Next: ${waiting}`);
}

function takeBack() {
  const id = undo();
  if (id === null) {
    announce("There is nothing to undo");
    return;
  }
  refresh(byId.get(id));
  announce(`Taken back: ${fileNameOf(cases[byId.get(id)])}`);
}

// Draw everything again, and go to `place` where one is given; stay in what the filters show.
function refresh(place = current) {
  applyFilter(decisionOf);
  current = place;
  if (!found.includes(current)) current = found.find((other) => other > place) ?? found[0] ?? 0;
  drawProgress();
  open(current);
}

function fillKinds() {
  const present = Object.keys(kinds).filter((kind) => cases.some((one) => one.kind === kind));
  at("kind").append(...["", ...present].map((kind) => element("option", { value: kind })));
}

function listen() {
  document.addEventListener("keydown", onKey);
  at("list").addEventListener("scroll", drawList, { passive: true });
  window.addEventListener("resize", drawList);
  at("search").addEventListener("input", (event) => narrow("text", event.target.value));
  at("kind").addEventListener("change", (event) => narrow("kind", event.target.value));
  at("show").addEventListener("change", (event) => narrow("show", event.target.value));
  at("reviewer").addEventListener("input", (event) => {
    state.reviewer = event.target.value.trim();
    save();
  });
  at("download").addEventListener("click", download);
  at("load").addEventListener("click", () => at("load-file").click());
  at("load-file").addEventListener("change", (event) => {
    if (event.target.files.length) load(event.target.files[0]);
    event.target.value = "";
  });
  at("help-open").addEventListener("click", () => at("help").showModal());
  at("previous").addEventListener("click", () => step(-1));
  at("next").addEventListener("click", () => step(1));
  at("undo").addEventListener("click", takeBack);
  at("show-list").addEventListener("click", () => {
    const listing = document.body.classList.toggle("listing");
    at("show-list").setAttribute("aria-expanded", String(listing));
    scrollToCurrent();
    drawList();
  });
  // The same file open in another tab: what is decided there is decided here.
  window.addEventListener("storage", (event) => {
    if (event.key !== storageKey) return;
    restore();
    refresh();
  });
  window.addEventListener("beforeunload", (event) => {
    if (!storageWorks && !state.downloaded) event.preventDefault();
  });
}

function narrow(name, value) {
  filter[name] = value;
  refresh();
}

restore();
save();
at("reviewer").value = state.reviewer;
fillKinds();
listen();
refresh(Math.max(0, cases.findIndex((one) => !decisionOf(one.recording_id))));
