/** What is known about a recording, for reading. */
const OF_APPOINTMENT = new Set([
  "appointment_date",
  "owner",
  "vet",
  "title",
  "notes",
  "recorded_pets",
]);
const MOMENTS = new Set(["created_at", "appointment_date"]);
const DAY = 24 * 60 * 60 * 1000;

/** @param {Kase} kase */
function evidence(kase) {
  const names = namePattern(kase);
  const ofRecording = kase.context.filter(
    ([name]) => !OF_APPOINTMENT.has(name) && !["transcript_text", "practice", "pet"].includes(name),
  );
  const ofAppointment = kase.context.filter(([name]) => OF_APPOINTMENT.has(name));
  return el(
    "section",
    { class: "evidence", "aria-label": "What is known" },
    sound(kase),
    transcript(contextOf(kase, "transcript_text"), names),
    factList("Recording", [...ofRecording, ["Pet", presentPet(kase)]], names),
    factList("Appointment", [...ofAppointment, ...presentAppointment(kase)], names),
    identifiers(kase),
  );
}

/**
 * @param {string | null} text
 * @param {RegExp | null} names
 */
function transcript(text, names) {
  const body = text
    ? el(
        "blockquote",
        { dir: "auto", tabindex: "0", "aria-label": "Transcript" },
        ...highlighted(text, names),
      )
    : el("p", { class: "quiet" }, "There is no transcript.");
  return el("div", { class: "card transcript" }, el("h3", {}, "Transcript"), body);
}

/**
 * @param {string} title
 * @param {[string, string | null][]} pairs
 * @param {RegExp | null} names
 */
function factList(title, pairs, names) {
  const rows = pairs
    .filter(([, text]) => text !== null && text !== "")
    .map(([name, text]) =>
      el(
        "div",
        {},
        el("dt", {}, contextName(name)),
        MOMENTS.has(name)
          ? el("dd", { title: text }, toldMoment(text))
          : el("dd", { dir: "auto" }, ...highlighted(text ?? "", names)),
      ),
    );
  return el("div", { class: "card" }, el("h3", {}, title), el("dl", { class: "facts" }, ...rows));
}

/** @param {Kase} kase */
function presentPet(kase) {
  if (kase.pet_id === null) return "none yet";
  const known = kase.candidates.find((candidate) => candidate.pet_id === kase.pet_id);
  if (known) return known.name;
  if (kase.kind === "dangling_pet") return "one that no longer exists";
  return contextOf(kase, "pet") ?? petName(kase.pet_id);
}

/**
 * @param {Kase} kase
 * @returns {[string, string | null][]}
 */
function presentAppointment(kase) {
  if (kase.appointment_id === null) return [["Now", "none"]];
  if (kase.kind.endsWith("dangling_appointment")) return [["Now", "one that no longer exists"]];
  return [["Recording", distance(kase)]];
}

/**
 * How far the recording is from its appointment, in words.
 * @param {Kase} kase
 */
function distance(kase) {
  const recorded = momentOf(contextOf(kase, "created_at"));
  const planned = momentOf(contextOf(kase, "appointment_date"));
  if (!recorded || !planned) return null;
  const [one, other] = [recorded, planned].map((moment) => Math.floor(moment.getTime() / DAY));
  if (one === other) return "on the day of the appointment";
  const days = counted(Math.abs(one - other), "day", "days");
  return `${days} ${one > other ? "after" : "before"} the appointment`;
}

/** @param {Kase} kase */
function identifiers(kase) {
  const ids = [
    ["Recording", kase.recording_id],
    ["Pet", kase.pet_id],
    ["Appointment", kase.appointment_id],
    ["Practice", contextOf(kase, "practice")],
  ];
  return el(
    "details",
    { class: "ids" },
    el("summary", {}, "Ids"),
    el(
      "dl",
      { class: "facts" },
      ...ids
        .filter(([, id]) => id)
        .map(([name, id]) => el("div", {}, el("dt", {}, name), el("dd", {}, el("code", {}, id)))),
    ),
  );
}

/**
 * A pattern of the candidates' names as whole words, or null.
 * @param {Kase} kase
 */
function namePattern(kase) {
  const names = new Set(
    kase.candidates.map((candidate) => candidate.name.trim()).filter((name) => name),
  );
  if (!names.size) return null;
  const longestFirst = [...names].sort((one, other) => other.length - one.length);
  const escaped = longestFirst.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return new RegExp(`(?<![\\p{L}\\p{N}])(${escaped.join("|")})(?![\\p{L}\\p{N}])`, "giu");
}

/**
 * @param {string} text
 * @param {RegExp | null} names
 */
function highlighted(text, names) {
  if (!names) return [text];
  return text.split(names).map((part, number) => (number % 2 ? el("mark", {}, part) : part));
}
