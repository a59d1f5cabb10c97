/** The ways to decide a case. Nothing is chosen before somebody chooses it. */
const LONG_LIST = 9;

/**
 * @param {Kase} kase
 * @param {Entry | null} entry
 * @param {Act} act
 */
function choices(kase, entry, act) {
  const ranked = kase.candidates.map((candidate, number) =>
    candidateChoice(kase, entry, candidate, number, act),
  );
  return el(
    "section",
    { class: "choices", "aria-labelledby": "choices-title" },
    el(
      "h3",
      { id: "choices-title" },
      ranked.length ? "Which pet was recorded?" : "No pet can be offered",
    ),
    ranked.length
      ? null
      : el("p", { class: "quiet" }, "Nothing in the data names a pet for this recording."),
    ranked.length > LONG_LIST ? finder() : null,
    el(
      "ol",
      { class: ranked.length > LONG_LIST ? "candidates long" : "candidates", id: "candidates" },
      ...ranked,
    ),
    el(
      "div",
      { class: "others" },
      plainChoice("cannot_tell", "Cannot tell", "c", "Somebody else may know", entry, act),
      plainChoice("leave", "Leave as it is", "l", "The recording stays unchanged", entry, act),
    ),
    kase.open ? otherPet(kase, entry, act) : null,
    noteField(entry, act),
  );
}

/**
 * @param {Kase} kase
 * @param {Entry | null} entry
 * @param {Candidate} candidate
 * @param {number} number
 * @param {Act} act
 */
function candidateChoice(kase, entry, candidate, number, act) {
  const chosen = Boolean(entry?.verdict && candidateOf(kase, entry) === candidate);
  const effect = effectOf(kase, candidate);
  const button = el(
    "button",
    {
      type: "button",
      class: "choice",
      "aria-pressed": String(chosen),
      click: () => act.decide(candidateDecision(candidate)),
    },
    el(
      "span",
      { class: "digit", "aria-hidden": "true" },
      number < LONG_LIST ? String(number + 1) : "",
    ),
    el(
      "span",
      { class: "choice-text" },
      el("strong", {}, foreign(candidate.name)),
      candidate.pet_id === kase.pet_id ? el("span", { class: "tag" }, "current pet") : null,
      foreign(toldDays(candidate.details), { class: "choice-details" }),
      effect
        ? el("span", { class: isFarReaching(candidate) ? "effect far" : "effect" }, foreign(effect))
        : null,
      ...candidate.suggestions.map(hint),
    ),
  );
  return el(
    "li",
    { "data-search": folded(`${candidate.name} ${candidate.details} ${candidate.pet_id}`) },
    button,
  );
}

/**
 * An appointment gets a pet, or the recording loses its appointment.
 * @param {Candidate} candidate
 */
const isFarReaching = ({ verdict, appointment_id }) =>
  verdict === "link" || appointment_id === null;
/** @param {Candidate} candidate */
const candidateDecision = ({ verdict, pet_id, appointment_id }) => ({
  verdict,
  pet_id,
  appointment_id,
});

/** @param {Suggestion} suggestion */
function hint({ strength, reason }) {
  return el(
    "span",
    { class: "hint" },
    el("span", { class: `strength ${strength}` }, STRENGTH_NAMES[strength] ?? strength),
    " ",
    foreign(toldDays(reason)),
  );
}

/**
 * @param {string} verdict
 * @param {string} name
 * @param {string} key
 * @param {string} meaning
 * @param {Entry | null} entry
 * @param {Act} act
 */
function plainChoice(verdict, name, key, meaning, entry, act) {
  return el(
    "button",
    {
      type: "button",
      class: "choice",
      "aria-pressed": String(entry?.verdict === verdict),
      "aria-keyshortcuts": key,
      click: () => act.decide({ verdict, pet_id: null, appointment_id: null }),
    },
    el("span", { class: "digit", "aria-hidden": "true" }, key),
    el(
      "span",
      { class: "choice-text" },
      el("strong", {}, name),
      el("span", { class: "choice-details" }, meaning),
    ),
  );
}

/** A field that leaves only some of many candidates in sight. */
function finder() {
  const field = el("input", {
    type: "search",
    id: "find",
    autocomplete: "off",
    spellcheck: "false",
  });
  field.addEventListener("input", () => narrow(folded(field.value.trim())));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    /** @type {HTMLElement | null} */
    const first = document.querySelector("#candidates li:not([hidden]) button");
    first?.focus();
  });
  return el("label", { class: "field" }, el("span", {}, "Find a pet ", el("kbd", {}, "f")), field);
}

/** @param {string} wanted */
function narrow(wanted) {
  /** @type {NodeListOf<HTMLElement>} */
  const found = byId("candidates").querySelectorAll("li");
  const items = [...found];
  for (const item of items) item.hidden = !item.dataset.search?.includes(wanted);
  announce(counted(items.filter((item) => !item.hidden).length, "pet", "pets"));
}

/**
 * @param {Entry | null} entry
 * @param {Act} act
 */
function noteField(entry, act) {
  const area = el("textarea", { id: "note", rows: "2", dir: "auto", maxlength: "4000" });
  area.value = entry?.note ?? "";
  // A served decision is saved with its note.
  area.readOnly = Boolean(facts.served && entry?.verdict);
  area.addEventListener("input", () => act.note(area.value));
  return el("label", { class: "field" }, el("span", {}, "Note ", el("kbd", {}, "n")), area);
}
