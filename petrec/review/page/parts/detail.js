// One case: what is known of the recording, the animals it may be of, and the choice.

const STRENGTHS = { strong: "strong hint", medium: "hint", weak: "weak hint" };

function meaning(one, candidate) {
  if (candidate.verdict === "link") return `adds ${candidate.name} to the appointment`;
  if (candidate.appointment_id === one.appointment_id) return "";
  if (candidate.appointment_id === null) return "the recording then has no appointment";
  return "moves the recording to that appointment";
}

function suggestionItem(suggestion) {
  return element(
    "li",
    {},
    element("span", { class: `strength ${suggestion.strength}` }, STRENGTHS[suggestion.strength]),
    ` ${suggestion.reason}`,
  );
}

function isChosen(decision, candidate) {
  return (
    Boolean(decision) &&
    decision.verdict === candidate.verdict &&
    decision.pet_id === candidate.pet_id &&
    decision.appointment_id === candidate.appointment_id
  );
}

function candidateItem(one, candidate, index) {
  const chosen = isChosen(decisionOf(one.recording_id), candidate);
  const means = meaning(one, candidate);
  const button = element(
    "button",
    {
      type: "button",
      class: "candidate",
      "aria-pressed": String(chosen),
      onclick: () => choose(one, candidate),
    },
    index < 9 ? element("kbd", {}, String(index + 1)) : element("span", {}),
    element("span", { class: "name" }, candidate.name || candidate.pet_id),
    element("span", { class: "details" }, candidate.details),
    means ? element("span", { class: "means" }, means) : null,
  );
  const reasons = candidate.suggestions.map(suggestionItem);
  return element("li", {}, button, reasons.length ? element("ul", { class: "reasons" }, ...reasons) : null);
}

function otherPet(one) {
  if (!one.open) return null;
  const input = element("input", { id: "other", spellcheck: "false", autocomplete: "off" });
  const use = () => {
    const id = input.value.trim();
    if (!id) return;
    const name = { pet_id: id, name: id, verdict: one.open };
    choose(one, { ...name, appointment_id: one.open === "link" ? one.appointment_id : null });
  };
  input.addEventListener("keydown", (event) => event.key === "Enter" && use());
  return element(
    "div",
    { class: "other" },
    element("label", { for: "other" }, "Another animal, by its id"),
    input,
    element("button", { type: "button", onclick: use }, "Use this id"),
  );
}

function verdictButton(one, verdict, key, label) {
  const decision = decisionOf(one.recording_id);
  const pressed = Boolean(decision) && decision.verdict === verdict;
  return element(
    "button",
    { type: "button", "aria-pressed": String(pressed), onclick: () => choose(one, { verdict }) },
    element("kbd", {}, key),
    ` ${label}`,
  );
}

function noteField(one) {
  const note = element("textarea", { id: "note", rows: 2, maxlength: 2000 });
  note.value = state.notes[one.recording_id] || "";
  note.addEventListener("input", () => {
    setNote(one.recording_id, note.value);
    drawSaved(decidedCount());
  });
  const label = element("label", { for: "note" }, element("kbd", {}, "n"), " Note, for whoever reads your decision");
  return element("div", { class: "note" }, label, note);
}

function contextList(one) {
  const pairs = one.context.map(([name, text]) =>
    element(
      "div",
      { class: text.length > 80 ? "pair long" : "pair" },
      element("dt", {}, kindName(name)),
      element("dd", { dir: "auto" }, text),
    ),
  );
  return element("dl", { class: "context" }, ...pairs);
}

function drawDetail() {
  const detail = at("detail");
  const one = cases[current];
  if (!one || !found.length) {
    const text = cases.length ? "No case matches the filters." : "There is nothing to review.";
    detail.replaceChildren(element("p", { class: "empty" }, text));
    return;
  }
  const items = one.candidates.map((candidate, index) => candidateItem(one, candidate, index));
  const none = element("p", { class: "empty" }, "No animal can be named from what is known.");
  detail.replaceChildren(
    element("p", { class: "kind" }, kindName(one.kind)),
    element("h2", { dir: "auto" }, fileNameOf(one)),
    element("p", { class: "sentence" }, kinds[one.kind] || ""),
    element("h3", {}, "Which animal is it?"),
    items.length ? element("ol", { class: "candidates" }, ...items) : none,
    ...[otherPet(one)].filter(Boolean),
    element(
      "div",
      { class: "verdicts" },
      verdictButton(one, "cannot_tell", "c", "Cannot tell"),
      verdictButton(one, "leave", "l", "Leave as it is"),
    ),
    noteField(one),
    element("h3", {}, "What is known"),
    contextList(one),
    element("p", { class: "id" }, `recording ${one.recording_id}`),
  );
}
