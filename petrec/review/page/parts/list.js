// The list draws only the rows in sight, so that ten thousand cases scroll like ten.

const ROW_HEIGHT = 60;
const BEYOND = 4;
let current = 0;

function verdictText(one, decision) {
  if (!decision) return "undecided";
  if (decision.verdict === "cannot_tell") return "cannot tell";
  if (decision.verdict === "leave") return "left as it is";
  const chosen = one.candidates.find((candidate) => candidate.pet_id === decision.pet_id);
  return chosen ? chosen.name : decision.pet_id;
}

function row(place, position) {
  const one = cases[place];
  const decision = decisionOf(one.recording_id);
  const mark = !decision ? "open" : decision.pet_id ? "pet" : "none";
  const made = element(
    "div",
    {
      id: `row-${position}`,
      role: "option",
      class: "row",
      "aria-selected": String(place === current),
      "aria-posinset": position + 1,
      "aria-setsize": found.length,
      onclick: () => open(place, { focus: true }),
    },
    element("span", { class: `mark ${mark}`, "aria-hidden": "true" }),
    element("span", { class: "file" }, fileNameOf(one)),
    element("span", { class: "under" }, `${kindName(one.kind)} · ${verdictText(one, decision)}`),
  );
  made.style.top = `${position * ROW_HEIGHT}px`;
  return made;
}

function drawList() {
  const list = at("list");
  const spacer = at("spacer");
  const first = Math.max(0, Math.floor(list.scrollTop / ROW_HEIGHT) - BEYOND);
  const sight = Math.ceil(list.clientHeight / ROW_HEIGHT) + 2 * BEYOND;
  spacer.style.height = `${found.length * ROW_HEIGHT}px`;
  const places = found.slice(first, first + sight);
  spacer.replaceChildren(...places.map((place, offset) => row(place, first + offset)));
  const position = found.indexOf(current);
  if (position >= first && position < first + sight) {
    list.setAttribute("aria-activedescendant", `row-${position}`);
  } else {
    list.removeAttribute("aria-activedescendant");
  }
}

function scrollToCurrent() {
  const list = at("list");
  const top = found.indexOf(current) * ROW_HEIGHT;
  if (top < 0) return;
  if (top < list.scrollTop) list.scrollTop = top;
  const bottom = top + ROW_HEIGHT - list.clientHeight;
  if (bottom > list.scrollTop) list.scrollTop = bottom;
}

function drawProgress() {
  const done = decidedCount();
  const percent = cases.length ? Math.floor((100 * done) / cases.length) : 100;
  at("progress").max = Math.max(1, cases.length);
  at("progress").value = done;
  at("progress-text").textContent = `${done} of ${cases.length} decided (${percent} %)`;
  at("found").textContent = `${found.length} of ${cases.length} cases`;
  for (const option of at("kind").options) {
    const inKind = cases.filter((one) => !option.value || one.kind === option.value).length;
    const name = option.value ? kindName(option.value) : "all kinds";
    option.textContent = `${name} (${decidedCount(option.value)} of ${inKind})`;
  }
  drawSaved(done);
}

function drawSaved(done) {
  const saved = at("saved");
  saved.classList.toggle("warning", !storageWorks);
  if (!storageWorks) {
    saved.textContent =
      "This browser does not keep anything: download your decisions before you close the page.";
  } else if (!done) {
    saved.textContent = "Every decision is kept in this browser at once.";
  } else {
    const rest = state.downloaded ? "downloaded" : "not downloaded yet";
    saved.textContent = `${done} decisions kept in this browser, ${rest}.`;
  }
}
