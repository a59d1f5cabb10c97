/** The decisions, how to undo them, and which are not downloaded yet. */
class Session {
  /**
   * @param {Kase[]} cases
   * @param {Store} store
   */
  constructor(cases, store) {
    this.cases = cases;
    this.store = store;
    this.reviewer = store.reviewer;
    this.positions = new Map(cases.map((kase, index) => [kase.recording_id, index]));
    /** @type {Map<number, Entry>} */
    this.entries = new Map();
    this.counts = countKinds(cases);
    /** @type {{ index: number, before: Entry | null }[]} */
    this.history = [];
    this.revision = 0;
    this.downloaded = store.get("downloaded", 0);
    /** @type {(index: number | null) => void} */
    this.onChange = () => {};
    this.restore();
  }

  restore() {
    for (const [recording, entry] of this.store.saved()) {
      const index = this.positions.get(recording);
      if (index !== undefined && fits(this.cases[index], entry)) this.place(index, entry);
    }
    const made = [...this.entries].sort(
      ([, one], [, other]) => (one.time ?? 0) - (other.time ?? 0),
    );
    this.history = made
      .filter(([, entry]) => entry.verdict)
      .map(([index]) => ({ index, before: null }));
    this.revision = Math.max(this.store.get("revision", 0), made.at(-1)?.[1].time ?? 0);
  }

  /** @param {number} index */
  entry(index) {
    return this.entries.get(index) ?? null;
  }

  /** @param {number} index */
  isDecided(index) {
    return Boolean(this.entry(index)?.verdict);
  }

  get decided() {
    return Object.values(this.counts).reduce((sum, count) => sum + count.decided, 0);
  }

  get pending() {
    return this.revision > this.downloaded && (this.decided > 0 || this.downloaded > 0);
  }

  /**
   * Keep an entry in memory and in the counts.
   * @param {number} index
   * @param {Entry | null} entry
   */
  place(index, entry) {
    const count = this.counts[this.cases[index].kind];
    if (this.isDecided(index)) count.decided -= 1;
    if (entry) this.entries.set(index, entry);
    else this.entries.delete(index);
    if (this.isDecided(index)) count.decided += 1;
  }

  /**
   * @param {number} index
   * @param {Entry | null} entry
   */
  change(index, entry) {
    this.revision += 1;
    const timed = entry && { ...entry, time: this.revision };
    this.place(index, timed);
    const name = `case:${this.cases[index].recording_id}`;
    if (timed) this.store.put(name, timed);
    else this.store.drop(name);
    this.store.put("revision", this.revision);
    this.onChange(index);
  }

  /**
   * @param {number} index
   * @param {Choice} choice
   */
  decide(index, choice) {
    const before = this.entry(index);
    this.history.push({ index, before });
    this.change(index, { note: before?.note ?? "", ...choice, reviewer: this.reviewer });
  }

  /** @param {number} index */
  clear(index) {
    const before = this.entry(index);
    this.history.push({ index, before });
    this.change(index, withoutVerdict(before));
  }

  /** Take the last decision back; a note stays. Returns its case, or null. */
  undo() {
    const last = this.history.pop();
    if (!last) return null;
    const note = this.entry(last.index)?.note ?? "";
    const before = last.before?.verdict
      ? { ...last.before, note }
      : withoutVerdict({ verdict: null, note });
    this.change(last.index, before);
    return last.index;
  }

  /**
   * @param {number} index
   * @param {string} text
   */
  note(index, text) {
    const before = this.entry(index);
    const entry = { ...(before ?? { verdict: null }), note: text };
    this.change(index, entry.verdict || text ? entry : null);
  }

  /**
   * Another tab has decided something.
   * @param {string} recording
   * @param {Entry | null} entry
   */
  follow(recording, entry) {
    const index = this.positions.get(recording);
    if (index === undefined || (entry && !fits(this.cases[index], entry))) return;
    this.place(index, entry);
    this.revision = Math.max(this.revision, entry?.time ?? 0);
    this.onChange(index);
  }

  /** The decisions, in the order of the cases. */
  get decisions() {
    return [...this.entries]
      .filter(([, entry]) => entry.verdict)
      .sort(([one], [other]) => one - other)
      .map(([index, entry]) => /** @type {[Decided, Entry]} */ ([this.cases[index], entry]));
  }

  markDownloaded() {
    this.downloaded = this.revision;
    this.store.put("downloaded", this.downloaded);
    this.onChange(null);
  }
}

/** @param {Entry | null} entry */
const withoutVerdict = (entry) => (entry?.note ? { verdict: null, note: entry.note } : null);

/** @param {Kase[]} cases */
function countKinds(cases) {
  /** @type {Record<string, Count>} */
  const counts = {};
  for (const { kind } of cases) {
    counts[kind] ??= { total: 0, decided: 0 };
    counts[kind].total += 1;
  }
  return counts;
}

/**
 * Say whether an entry is one that this case allows.
 * @param {Kase} kase
 * @param {Entry} entry
 */
function fits(kase, entry) {
  if ([null, undefined, "cannot_tell", "leave"].includes(entry.verdict)) return !entry.pet_id;
  return Boolean(candidateOf(kase, entry)) || fitsOpen(kase, entry);
}

/**
 * @param {Kase} kase
 * @param {Entry} entry
 */
function fitsOpen(kase, { verdict, pet_id: pet, appointment_id: appointment }) {
  const target = kase.open === "link" ? kase.appointment_id : null;
  return Boolean(pet) && verdict === kase.open && (appointment ?? null) === target;
}

/**
 * @param {Kase} kase
 * @param {Entry} entry
 */
function candidateOf(kase, { verdict, pet_id: pet, appointment_id: appointment }) {
  return kase.candidates.find(
    (candidate) =>
      candidate.verdict === verdict &&
      candidate.pet_id === pet &&
      candidate.appointment_id === (appointment ?? null),
  );
}

/**
 * What was decided, in a few words.
 * @param {Kase} kase
 * @param {Entry | null} entry
 */
function toldEntry(kase, entry) {
  if (!entry?.verdict) return "";
  return (
    VERDICT_NAMES[entry.verdict] ?? candidateOf(kase, entry)?.name ?? petName(entry.pet_id ?? "")
  );
}
