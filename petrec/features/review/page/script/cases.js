/** The cases as the export wrote them: one JSON object a line. */

/** @param {"facts" | "cases" | "pets"} id */
function takeJson(id) {
  const element = byId(id);
  const text = element.textContent ?? "";
  element.remove();
  return text;
}

const readFacts = () => JSON.parse(takeJson("facts"));
/** @param {"cases" | "pets"} id */
const readLines = (id) =>
  takeJson(id)
    .split("\n")
    .filter((line) => line)
    .map((line) => JSON.parse(line));

/**
 * A hash of 53 bits (cyrb53): tells exports apart, keeps nobody out.
 * @param {string} text
 */
function hashed(text) {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}

/**
 * What tells this export from every other.
 * @param {Facts} facts
 * @param {Kase[]} cases
 */
function identityOf(facts, cases) {
  const first = cases.slice(0, 20).map((kase) => [kase.recording_id, kase.state]);
  return hashed(JSON.stringify([facts.title, facts.exported_at, cases.length, first]));
}

/**
 * @param {Kase} kase
 * @param {string} name
 */
const contextOf = (kase, name) => (kase.context.find(([key]) => key === name) ?? [null, null])[1];
/** @param {Kase} kase */
const headline = (kase) => contextOf(kase, "original_filename") ?? kase.recording_id;
/** @param {Kase} kase */
const recordedAt = (kase) => toldMoment(contextOf(kase, "created_at")) ?? "";

/**
 * Everything a search may find in a case; made when first needed.
 * @param {Kase} kase
 */
function searchText(kase) {
  kase.searchText ??= folded(
    [
      kase.recording_id,
      kase.pet_id ?? "",
      kase.appointment_id ?? "",
      kindName(kase.kind),
      ...kase.context.map(([, text]) => text),
      ...kase.candidates.map((candidate) => candidate.name),
    ].join("\n"),
  );
  return kase.searchText;
}

/**
 * What choosing a candidate does beyond naming the pet.
 * @param {Kase} kase
 * @param {Candidate} candidate
 */
function effectOf(kase, candidate) {
  if (candidate.verdict === "link") return `Adds ${candidate.name} to the appointment`;
  if (candidate.appointment_id === kase.appointment_id) return null;
  if (candidate.appointment_id === null) return "The recording then has no appointment";
  return kase.appointment_id === null
    ? "Puts the recording into this appointment"
    : "Moves the recording to this appointment";
}
