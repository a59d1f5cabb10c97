/** Put everything together. */
const facts = readFacts();
/** @type {Kase[]} */
const cases = readLines("cases");
const served = facts.served ? new ServedSession(cases, facts.served) : null;
const people = served && facts.served ? new People(served, facts.served.last) : null;
const session = served ?? new Session(cases, new Store(identityOf(facts, cases)));
const list = new CaseList(session, (index) => open(index));

/** @type {Act} */
const act = {
  decide: (choice) => decideCurrent(choice),
  choose: (number) => chooseNumber(number),
  cannotTell: () => decideCurrent({ verdict: "cannot_tell", pet_id: null, appointment_id: null }),
  leave: () => decideCurrent({ verdict: "leave", pet_id: null, appointment_id: null }),
  note: (text) => {
    if (list.current !== null) session.note(list.current, text);
  },
  next: () => step(1),
  previous: () => step(-1),
  undo: () => undoLast(),
  clear: () => clearCurrent(),
  help: () => byId("manual").showModal(),
};

function redraw() {
  const position = list.where.get(list.current);
  const place =
    position === undefined
      ? ""
      : `${(position + 1).toLocaleString("en")} of ${list.shown.length.toLocaleString("en")}`;
  drawDetail(session, list.current, place, act);
  byId("previous").disabled = position === undefined || position === 0;
  byId("next").disabled = position === undefined || position === list.shown.length - 1;
  meet();
}

/** Let others know which case is open here, and show who else looks at it. */
function meet() {
  if (!people) return;
  const kase = cases[list.current ?? -1];
  drawPeople(people.namesAt(kase?.recording_id ?? ""));
  if (people.at !== (kase?.recording_id ?? "")) people.open(kase);
}

/**
 * Draw the case again if it is one of these; somebody may be typing in it.
 * @param {Set<string>} recordings
 */
function refresh(recordings) {
  const isCurrent = recordings.has(cases[list.current ?? -1]?.recording_id);
  const hadFocus = byId("detail").contains(document.activeElement);
  if (isCurrent) redraw();
  else meet();
  if (isCurrent && hadFocus) focusCase();
}

/**
 * Show a case, also one that the filter hides.
 * @param {number} index
 */
function show(index) {
  if (!list.where.has(index)) resetFilters();
  open(index);
}

function focusCase() {
  byId("case-title")?.focus({ preventScroll: true });
}

/**
 * Show a case and tell it.
 * @param {number} index
 * @param {string} [said]
 */
function open(index, said = "") {
  list.select(index);
  redraw();
  showView("case");
  const kase = cases[index];
  announce(
    `${said} ${byId("place").textContent}: ${kindName(kase.kind)}, ${headline(kase)}, ${counted(kase.candidates.length, "pet", "pets")}`.trim(),
  );
  if (document.activeElement !== byId("list")) focusCase();
}

/** @param {number} by */
function step(by) {
  const index = list.shown[(list.where.get(list.current) ?? -1) + by];
  if (index === undefined) announce(by > 0 ? "This is the last case" : "This is the first case");
  else open(index);
}

/** @param {number} number */
function chooseNumber(number) {
  const candidate = cases[list.current ?? -1]?.candidates[number];
  if (candidate) decideCurrent(candidateDecision(candidate));
  else announce(`There is no pet ${number + 1}`);
}

/** @param {Choice} choice */
function decideCurrent(choice) {
  const index = list.current;
  if (index === null) return;
  // On a narrow screen the list may hide the case: nobody decides what is not in sight.
  if (!byId("detail").offsetParent) {
    open(index);
    return;
  }
  if (served && !session.reviewer) {
    askReviewer(session, () => decideCurrent(choice));
    return;
  }
  session.decide(index, choice);
  const told = toldEntry(cases[index], session.entry(index));
  showLast(told, headline(cases[index]));
  const next = nextOpen(index);
  if (next === null) finishView(told);
  else open(next, `${told}.`);
}

/** Continue where the work stopped, without a notice. */
function goToOpen() {
  const index = list.shown.find((shown) => !session.isDecided(shown));
  if (index === undefined) return;
  list.select(index);
  redraw();
}

/**
 * The next open case of the view, from here on and then from its start.
 * @param {number} index
 */
function nextOpen(index) {
  const position = list.where.get(index) ?? -1;
  const order = [...list.shown.slice(position + 1), ...list.shown.slice(0, position)];
  const left = order.filter((other) => !session.isDecided(other));
  const isFree = (/** @type {number} */ other) =>
    !people?.namesAt(cases[other].recording_id).length;
  return left.find(isFree) ?? left[0] ?? null;
}

/** @param {string} told */
function finishView(told) {
  redraw();
  focusCase();
  const all = session.decided === cases.length;
  const then = served
    ? ""
    : all
      ? " Download the decisions and send them back."
      : " Choose another kind, or download the decisions.";
  notify(`${all ? "Every case" : "Every case of this list"} is decided.${then}`);
  announce(`${told}.`);
}

function undoLast() {
  const index = session.undo();
  byId("last").hidden = true;
  if (index === null) {
    announce("There is nothing to undo");
    return;
  }
  if (!list.where.has(index)) resetFilters();
  open(index, served ? "" : "Undone.");
}

function clearCurrent() {
  if (list.current === null) return;
  session.clear(list.current);
  redraw();
  focusCase();
}

/**
 * @param {string} told
 * @param {string} title
 */
function showLast(told, title) {
  byId("last-text").replaceChildren(el("strong", {}, foreign(told)), " for ", foreign(title));
  byId("last").hidden = false;
}

function applyFilter() {
  const filter = chosenFilter();
  const shown = filtered(session, filter);
  const isShown = list.current !== null && shown.includes(list.current);
  const current = isShown ? list.current : (shown[0] ?? null);
  list.show(shown, current, Boolean(filter.kind));
  byId("found").textContent = counted(shown.length, "case", "cases");
  redraw();
}

function resetFilters() {
  byId("filters").reset();
  byId("state").value = "all";
  applyFilter();
}

function listen() {
  byId("search").addEventListener("input", debounced(applyFilter, 120));
  byId("filters").addEventListener("change", applyFilter);
  byId("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    applyFilter();
    if (list.current !== null) open(list.current);
  });
  byId("previous").addEventListener("click", act.previous);
  byId("next").addEventListener("click", act.next);
  byId("undo").addEventListener("click", act.undo);
  byId("help").addEventListener("click", act.help);
  byId("back").addEventListener("click", () => {
    showView("list");
    byId("list").focus();
  });
  byId("list").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && list.current !== null) open(list.current);
  });
  byId("reviewer").addEventListener("click", () => askReviewer(session));
  byId("download").addEventListener("click", () => download(session));
  byId("load").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", takeFile);
}

async function takeFile() {
  const [file] = byId("file").files ?? [];
  if (file && (await load(session, file))) {
    applyFilter();
    goToOpen();
  }
  byId("file").value = "";
}

function listenToBrowser() {
  addEventListener("beforeunload", (event) => {
    if (session.pending) event.preventDefault();
  });
  addEventListener("storage", ({ key, newValue }) => {
    const start = `${session.store.prefix}case:`;
    if (served || !key?.startsWith(start)) return;
    session.follow(key.slice(start.length), parsed(newValue));
    if (cases[list.current ?? -1]?.recording_id === key.slice(start.length)) redraw();
  });
}

/**
 * @param {ServedSession} server
 * @param {People} others
 */
function listenToServer(server, others) {
  markServed();
  server.onAnswer = ({ recording_id, outcome }) => {
    if (outcome !== "saved") byId("last").hidden = true;
    refresh(new Set([recording_id]));
  };
  others.onNews = refresh;
  addEventListener("online", () => server.send());
  server.send();
}

function start() {
  buildFilters(session);
  byId("play-key").hidden = !facts.audio_until;
  const exported = facts.exported_at.replace(/^([\d-]+) ([\d:]+) UTC$/, "$1T$2Z");
  if (exported !== facts.exported_at) byId("exported").textContent = zonedMoment(exported);
  session.onChange = (index) => {
    if (index !== null) list.update(index);
    drawProgress(session);
  };
  if (served && people) listenToServer(served, people);
  listen();
  listenToBrowser();
  listenToKeys(act);
  applyFilter();
  goToOpen();
  // A phone has room for one of both: the case comes first, the list is behind its button.
  if (list.current !== null) showView("case");
  drawProgress(session);
  if (!session.reviewer) askReviewer(session, focusCase);
}

start();
