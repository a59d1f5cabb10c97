/** The case that one works on. */

/**
 * @param {Session} session
 * @param {number | null} index
 * @param {string} place
 * @param {Act} act
 */
function drawDetail(session, index, place, act) {
  if (index === null) {
    const told = session.cases.length ? "No case fits the filter." : "There is nothing to decide.";
    byId("detail").replaceChildren(el("p", { class: "empty quiet" }, told));
    byId("place").textContent = "";
    return;
  }
  const kase = session.cases[index];
  const entry = session.entry(index);
  byId("place").textContent = place;
  byId("detail").replaceChildren(
    caseHeading(kase, entry, act),
    evidence(kase),
    choices(kase, entry, act),
  );
  byId("case").scrollTop = 0;
}

/**
 * @param {Kase} kase
 * @param {Entry | null} entry
 * @param {Act} act
 */
function caseHeading(kase, entry, act) {
  return el(
    "div",
    { class: "case-heading" },
    el("h2", { id: "case-title", tabindex: "-1" }, foreign(headline(kase))),
    el(
      "p",
      { class: "why" },
      el("strong", {}, kindName(kase.kind)),
      ": ",
      KIND_SENTENCES[kase.kind] ?? facts.kinds[kase.kind] ?? kase.kind,
    ),
    el(
      "p",
      { id: "verdict", class: "verdict", hidden: !entry?.verdict },
      ...verdictLine(kase, entry, act),
    ),
    facts.served ? el("p", { id: "people", class: "people", role: "status", hidden: true }) : null,
    facts.link ? ownSystem(kase) : null,
  );
}

/**
 * @param {Kase} kase
 * @param {Entry | null} entry
 * @param {Act} act
 */
function verdictLine(kase, entry, act) {
  if (!entry?.verdict) return [];
  const who = entry.reviewer ? ` by ${entry.reviewer}` : "";
  return [
    el("span", {}, `Decided${who}: `, el("strong", {}, foreign(toldEntry(kase, entry)))),
    isOfOthers(entry)
      ? null
      : el("button", { type: "button", class: "plain", click: act.clear }, "Clear"),
  ];
}

/**
 * Return whether only others can undo what was decided.
 * @param {Entry} entry
 */
const isOfOthers = (entry) =>
  Boolean(entry.run) && !(entry.mine && entry.reviewer === session.reviewer);

/**
 * A link to the recording in the clinic's own system.
 * @param {Kase} kase
 */
function ownSystem(kase) {
  const address = facts.link.replaceAll("{id}", encodeURIComponent(kase.recording_id));
  return el(
    "p",
    {},
    el(
      "a",
      { href: address, target: "_blank", rel: "noopener noreferrer" },
      "Open the recording in your system",
    ),
  );
}
