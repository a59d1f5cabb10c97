/** Any pet, where the case allows it: searched by name and owner, or named by its id. */

/**
 * @param {Kase} kase
 * @param {Entry | null} entry
 * @param {Act} act
 */
function otherPet(kase, entry, act) {
  const named = entry?.verdict === kase.open && !candidateOf(kase, entry) ? entry.pet_id : "";
  const isSearch = allPets().length > 0;
  const field = el("input", {
    id: "other",
    value: named && petName(named),
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "other-effect",
  });
  const pressed = { type: "submit", class: "plain", "aria-pressed": String(Boolean(named)) };
  const found = el("div", { class: "found" });
  const form = el(
    "form",
    { class: "other card" },
    el(
      "label",
      { class: "field grow" },
      el(
        "span",
        {},
        `Another pet: ${isSearch ? "its name, or its owner's" : "its id in your system"} `,
        el("kbd", {}, "o"),
      ),
      field,
    ),
    isSearch
      ? el("button", { type: "submit", class: "plain" }, "Search")
      : el("button", pressed, "Choose this pet"),
    found,
    el("p", { id: "other-effect", class: "quiet" }, openEffect(kase)),
  );
  const choose = (/** @type {string} */ pet) => chooseOther(kase, pet, act);
  const search = () => drawFound(found, field.value.trim(), choose);
  if (isSearch) field.addEventListener("input", debounced(search, 120));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) nothingNamed(field);
    else if (!isSearch) choose(text);
    else {
      search();
      found.querySelector("button")?.focus();
    }
  });
  return form;
}

/**
 * @param {HTMLElement} place
 * @param {string} text
 * @param {(id: string) => void} choose
 */
function drawFound(place, text, choose) {
  // Drawing it again would take the focus from a button.
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  const found = searchPets(text);
  place.replaceChildren(...foundPets(text, found, choose));
  announce(counted(found.length, "pet", "pets"));
}

/** @param {HTMLInputElement} field */
function nothingNamed(field) {
  field.focus();
  announce("The name or id of the pet is missing");
}

/** @param {Kase} kase */
const openEffect = (kase) =>
  kase.open === "link"
    ? "Adds the pet to the appointment. The import checks that the pet exists."
    : "The recording then has no appointment. The import checks that the pet exists.";

/**
 * @param {Kase} kase
 * @param {string} pet
 * @param {Act} act
 */
function chooseOther(kase, pet, act) {
  const same = kase.candidates.find((candidate) => candidate.pet_id === pet);
  const target = kase.open === "link" ? kase.appointment_id : null;
  act.decide(
    same ? candidateDecision(same) : { verdict: kase.open, pet_id: pet, appointment_id: target },
  );
}
