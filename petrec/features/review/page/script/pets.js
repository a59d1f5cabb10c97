/** The pets of the practices, to be searched where a case allows any pet. */
const MOST_FOUND = 8;

/** @type {Pet[] | null} */
let everyPet = null;

/** They are read when first needed. */
function allPets() {
  everyPet ??= readLines("pets").map(([id, name, details, owner]) => ({
    id,
    name,
    details: [details, owner && `owner ${owner}`].filter((part) => part).join(", "),
    searchText: folded(`${name} ${owner ?? ""} ${id}`),
  }));
  return everyPet;
}

/** @param {string} id */
const petName = (id) => allPets().find((pet) => pet.id === id)?.name || id;

/**
 * The pets in which every word is found; those first whose own name begins so.
 * @param {string} text
 */
function searchPets(text) {
  const words = folded(text)
    .split(/\s+/)
    .filter((word) => word);
  if (!words.length) return [];
  const found = allPets().filter((pet) => words.every((word) => pet.searchText.includes(word)));
  const rank = (/** @type {Pet} */ pet) =>
    pet.id === text ? 0 : pet.searchText.startsWith(words[0]) ? 1 : 2;
  return found.sort((one, other) => rank(one) - rank(other));
}

/**
 * What was found, each pet as a button.
 * @param {string} text
 * @param {Pet[]} found
 * @param {(id: string) => void} choose
 */
function foundPets(text, found, choose) {
  if (!text) return [];
  if (!found.length)
    return [
      el("p", {}, "No pet of the practice has this name, owner or id."),
      petButton("Use it as an id", text, () => choose(text)),
    ];
  const more = found.length - MOST_FOUND;
  const shown = found
    .slice(0, MOST_FOUND)
    .map((pet) => petButton(pet.name || pet.id, pet.details, () => choose(pet.id)));
  const rest = `${counted(more, "more pet", "more pets")}: type more of the name`;
  return more > 0 ? [...shown, el("p", { class: "quiet" }, rest)] : shown;
}

/**
 * @param {string} name
 * @param {string} details
 * @param {() => void} click
 */
const petButton = (name, details, click) =>
  el(
    "button",
    { type: "button", class: "choice", click },
    el(
      "span",
      { class: "choice-text" },
      el("strong", {}, foreign(name)),
      foreign(toldDays(details), { class: "choice-details" }),
    ),
  );
