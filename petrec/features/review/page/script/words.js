/** What things are called. */
/** @type {Record<string, string>} */
const KIND_SENTENCES = {
  missing_ambiguous: "the appointment has several pets, and the recording names none",
  missing_no_pets: "the appointment has no pets, and the recording names none",
  missing_no_appointment: "the recording has no pet and no appointment",
  missing_dangling_appointment: "the recording has no pet, and its appointment has been deleted",
  dangling_pet: "the pet of the recording has been deleted",
  dangling_appointment: "the appointment of the recording has been deleted",
  mismatched: "the pet of the recording does not belong to the appointment",
  visit_conflict: "the visit names another pet or appointment than the recording",
};
/** @type {Record<string, string>} */
const CONTEXT_NAMES = {
  created_at: "Recorded",
  length: "Length",
  recorded_by: "Recorded by",
  owner: "Owner",
  vet: "Vet",
  practice: "Practice",
  recorded_pets: "Have recordings",
  status: "Status",
  original_filename: "File",
  appointment_date: "Date",
  title: "Title",
  notes: "Notes",
  transcript_text: "Transcript",
};
/** @type {Record<string, string>} */
const VERDICT_NAMES = { cannot_tell: "Cannot tell", leave: "Left as it is" };
/** @type {Record<string, string>} */
const STRENGTH_NAMES = { strong: "strong hint", medium: "hint", weak: "weak hint" };

/** @param {string} id */
const humanised = (id) => id.charAt(0).toUpperCase() + id.slice(1).replaceAll("_", " ");
/** @param {string} kind */
const kindName = (kind) => facts.names[kind] ?? humanised(kind);
/** @param {string} name */
const contextName = (name) => CONTEXT_NAMES[name] ?? humanised(name);
/**
 * @param {number} number
 * @param {string} one
 * @param {string} many
 */
const counted = (number, one, many) =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

const MOMENT = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::[\d.]+)?(Z|[+-]00(?::?00)?)?$/;
/** @type {Intl.DateTimeFormatOptions} */
const DAY_FORM = { weekday: "short", day: "numeric", month: "short", year: "numeric" };
/** @type {Intl.DateTimeFormatOptions} */
const MOMENT_FORM = { ...DAY_FORM, hour: "2-digit", minute: "2-digit" };
const DATE_FORM = new Intl.DateTimeFormat("en-GB", { ...DAY_FORM, timeZone: "UTC" });

/**
 * A moment as the export writes it, in the zone of the page; anything else is null.
 * @param {string | null} text
 */
function momentOf(text) {
  const found = MOMENT.exec(text ?? "");
  return found ? new Date(`${found[1]}T${found[2]}Z`) : null;
}

/** @param {string | null} text */
function toldMoment(text) {
  const moment = momentOf(text);
  if (!moment || Number.isNaN(moment.getTime())) return text;
  return `${DATE_FORM.format(moment)}, ${moment.toISOString().slice(11, 16)}`;
}

const PLAIN_DAY = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});

/**
 * The text with its days and moments in the form of the page.
 * @param {string} text
 */
const toldDays = (text) =>
  text.replace(/\b(\d{4}-\d\d-\d\d)( \d\d:\d\d)?\b/g, (found, day, time) => {
    if (time) return toldMoment(found) ?? found;
    const moment = new Date(day);
    return Number.isNaN(moment.getTime()) ? found : PLAIN_DAY.format(moment);
  });

/**
 * A moment by ISO, in the zone of the page; in UTC where the browser does not know the zone.
 * @param {string} moment
 */
function zonedMoment(moment) {
  const zoned = (/** @type {string} */ timeZone) =>
    new Intl.DateTimeFormat("en-GB", { ...MOMENT_FORM, timeZone }).format(new Date(moment));
  try {
    return zoned(facts.timezone);
  } catch {
    return `${zoned("UTC")} UTC`;
  }
}

/**
 * Letters without marks and case, so that "zoe" finds "Zoë".
 * @param {string} text
 */
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
