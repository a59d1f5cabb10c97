/** Which cases are shown. A view holds still while one works in it: decided cases stay. */

/** @param {Kase} kase */
const hasStrong = (kase) =>
  kase.candidates.some((candidate) =>
    candidate.suggestions.some(({ strength }) => strength === "strong"),
  );
/** @type {Record<string, [string, (kase: Kase, entry: Entry | null) => boolean]>} */
const STATES = {
  all: ["All", () => true],
  open: ["Open", (_, entry) => !entry?.verdict],
  strong: ["Open, with a strong hint", (kase, entry) => !entry?.verdict && hasStrong(kase)],
  decided: ["Decided", (_, entry) => Boolean(entry?.verdict)],
  cannot_tell: ["Cannot tell", (_, entry) => entry?.verdict === "cannot_tell"],
  leave: ["Left as it is", (_, entry) => entry?.verdict === "leave"],
  noted: ["With a note", (_, entry) => Boolean(entry?.note)],
};

function chosenFilter() {
  /** @type {HTMLInputElement | null} */
  const kind = document.querySelector("input[name=kind]:checked");
  return {
    words: folded(byId("search").value)
      .split(/\s+/)
      .filter((word) => word),
    state: byId("state").value,
    kind: kind?.value ?? "",
  };
}

/**
 * @param {Session} session
 * @param {Filter} filter
 */
function filtered(session, { words, state, kind }) {
  const [, holds] = STATES[state];
  /** @type {number[]} */
  const shown = [];
  session.cases.forEach((kase, index) => {
    if (kind && kase.kind !== kind) return;
    if (!holds(kase, session.entry(index))) return;
    if (words.length && !words.every((word) => searchText(kase).includes(word))) return;
    shown.push(index);
  });
  return shown;
}

/** @param {Session} session */
function buildFilters(session) {
  byId("state").append(
    ...Object.entries(STATES).map(([id, [name]]) => el("option", { value: id }, name)),
  );
  byId("kinds").append(kindChoice("", "All kinds"));
  for (const kind of Object.keys(session.counts))
    byId("kinds").append(kindChoice(kind, kindName(kind)));
}

/**
 * @param {string} kind
 * @param {string} name
 */
function kindChoice(kind, name) {
  return el(
    "label",
    { class: "kind" },
    el("input", { type: "radio", name: "kind", value: kind, checked: kind === "" }),
    el("span", {}, name),
    el("span", { class: "count", "data-kind": kind }),
  );
}
