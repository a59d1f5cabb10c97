/** Which cases are shown. A view holds still while one works in it: decided cases stay. */
const hasStrong = (kase) => kase.candidates.some(
  (candidate) => candidate.suggestions.some(({ strength }) => strength === "strong"));
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
  return {
    words: folded(byId("search").value).split(/\s+/).filter((word) => word),
    state: byId("state").value,
    kind: document.querySelector("input[name=kind]:checked").value,
  };
}

function filtered(session, { words, state, kind }) {
  const [, holds] = STATES[state];
  const shown = [];
  session.cases.forEach((kase, index) => {
    if (kind && kase.kind !== kind) return;
    if (!holds(kase, session.entry(index))) return;
    if (words.length && !words.every((word) => searchText(kase).includes(word))) return;
    shown.push(index);
  });
  return shown;
}

function buildFilters(session) {
  byId("state").append(...Object.entries(STATES).map(([id, [name]]) => el("option", { value: id }, name)));
  byId("kinds").append(kindChoice("", "All kinds"));
  for (const kind of Object.keys(session.counts)) byId("kinds").append(kindChoice(kind, kindName(kind)));
}

function kindChoice(kind, name) {
  return el("label", { class: "kind" },
    el("input", { type: "radio", name: "kind", value: kind, checked: kind === "" }),
    el("span", {}, name), el("span", { class: "count", "data-kind": kind }));
}
