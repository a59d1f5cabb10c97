/** Decisions at a server: sent when they are made, kept in this browser until they are saved. */
const RETRY_SECONDS = [2, 4, 8, 15, 30];
/** Problems that every decision has; others are those of one recording. */
const OF_ALL = ["silent", "key", "held", "database"];
/** @type {Record<string, string>} */
const TROUBLES = {
  silent: "The server does not answer.",
  key: "The server has been started again: open the address that it has printed.",
  held: "Another petrec command is writing to the recordings now.",
  locked: "Your application is using this recording now.",
  database: "The server cannot reach the database.",
};

/**
 * Ask the server; an answer that is none of ours counts as silence.
 * @param {string} path
 * @param {object} body
 * @returns {Promise<any>}
 */
async function ask(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return await response.json();
  } catch {
    return { problem: "silent", reason: "" };
  }
}

/** @param {Failure} failure */
const toldTrouble = ({ problem, reason }) =>
  TROUBLES[problem] ?? `The server refuses it: ${reason}.`;

/** The decisions that the database has, and those on their way there. */
class ServedSession extends Session {
  /**
   * @param {Kase[]} cases
   * @param {ServedFacts} served
   */
  constructor(cases, served) {
    super(cases, new Store(`served:${served.place}`));
    // The browser's storage may refuse to keep anything: what is sent is in memory, too.
    const saved = /** @type {[string, Unsent][]} */ (this.store.saved());
    this.waiting = new Map(saved.filter(([, entry]) => entry.verdict));
    for (const [recording, standing] of Object.entries(served.decided))
      this.settle(recording, standing);
    /** @type {Failure | null} */
    this.trouble = null;
    this.isSending = false;
    // The recording whose decision is on its way, and whether it was undone since.
    this.sending = "";
    this.isRegretted = false;
    this.failures = 0;
    this.timer = 0;
    /** @type {(answer: Answer) => void} */
    this.onAnswer = () => {};
    for (const [recording, entry] of this.unsent) this.show(recording, entry);
  }

  /** What is saved comes from the server. */
  restore() {
    for (const [recording, entry] of this.store.saved())
      if (!entry.verdict) this.show(recording, entry);
  }

  get unsent() {
    return [...this.waiting];
  }

  get pending() {
    return this.waiting.size > 0;
  }

  /**
   * @param {string} recording
   * @param {Unsent} unsent
   */
  keep(recording, unsent) {
    this.waiting.set(recording, unsent);
    this.store.put(`case:${recording}`, unsent);
  }

  /** @param {string} recording */
  drop(recording) {
    this.waiting.delete(recording);
    this.store.drop(`case:${recording}`);
  }

  /**
   * @param {string} recording
   * @param {Entry | null} entry
   */
  show(recording, entry) {
    const index = this.positions.get(recording);
    if (index === undefined) return;
    if (entry && !entry.run && !fits(this.cases[index], entry)) return;
    this.place(index, entry);
    this.onChange(index);
  }

  /**
   * The database has this decision, or none; one that waits to be sent stays in sight.
   * @param {string} recording
   * @param {Standing | null} standing
   */
  settle(recording, standing) {
    if (this.waiting.has(recording)) return;
    const index = this.positions.get(recording);
    const note = index === undefined ? "" : (this.entry(index)?.note ?? "");
    this.show(recording, standing ?? withoutVerdict({ verdict: null, note }));
  }

  /**
   * @param {number} index
   * @param {Choice} choice
   */
  decide(index, choice) {
    const kase = this.cases[index];
    const before = this.entry(index);
    const standing = /** @type {Standing | null} */ (before?.run ? before : null);
    const saved = this.waiting.get(kase.recording_id)?.saved ?? standing;
    const unsent = {
      ...{ ...choice, note: before?.note ?? "", reviewer: this.reviewer },
      ...{ kind: kase.kind, state: kase.state, known: saved?.run ?? 0, saved },
    };
    this.history.push({ index, before: null });
    if (kase.recording_id === this.sending) this.isRegretted = false;
    this.keep(kase.recording_id, unsent);
    this.show(kase.recording_id, unsent);
    this.send();
  }

  /** @param {number} index */
  clear(index) {
    this.takeBack(index);
  }

  /** Undo the last decision of this person. */
  undo() {
    const last = this.history.pop();
    if (!last) return null;
    this.takeBack(last.index);
    return last.index;
  }

  /** @param {number} index */
  async takeBack(index) {
    const recording = this.cases[index].recording_id;
    const entry = this.entry(index);
    if (!entry?.run) {
      const saved = this.waiting.get(recording)?.saved ?? null;
      if (recording === this.sending) this.isRegretted = true;
      this.drop(recording);
      this.settle(recording, saved);
      return;
    }
    const asked = { recording_id: recording, run: entry.run, reviewer: this.reviewer };
    const answer = await ask("undo", asked);
    if (answer.problem) {
      tell(`Not undone: ${toldTrouble(answer)}`, index);
      this.history.push({ index, before: null });
      return;
    }
    this.adopt(answer);
    if (answer.outcome !== "undone") tell(toldUndo(this.cases[index], answer), index);
    this.onAnswer(answer);
  }

  /**
   * A note goes with the decision; one that was saved stays as it is.
   * @param {number} index
   * @param {string} text
   */
  note(index, text) {
    const before = this.entry(index);
    if (before?.verdict) return;
    const recording = this.cases[index].recording_id;
    const entry = withoutVerdict({ verdict: null, note: text });
    if (entry) this.store.put(`case:${recording}`, entry);
    else this.store.drop(`case:${recording}`);
    this.show(recording, entry);
  }

  /** Send what is not saved yet, one after the other; try again later what could not be saved. */
  async send() {
    if (this.isSending) return;
    clearTimeout(this.timer);
    this.isSending = true;
    this.trouble = null;
    const tried = new Set();
    for (let next = this.next(tried); next; next = this.next(tried)) {
      const [recording, unsent] = next;
      tried.add(JSON.stringify(next));
      this.sending = recording;
      this.isRegretted = false;
      this.onChange(null);
      const answer = await ask("decide", requestOf(recording, unsent));
      this.sending = "";
      if (answer.problem) this.trouble = answer;
      else this.take(recording, answer, unsent);
      if (OF_ALL.includes(answer.problem)) break;
    }
    this.isSending = false;
    this.failures = this.trouble ? this.failures + 1 : 0;
    if (this.trouble) this.timer = setTimeout(() => this.send(), this.pause * 1000);
    this.onChange(null);
  }

  /** @param {Set<string>} tried */
  next(tried) {
    return this.unsent.find((one) => !tried.has(JSON.stringify(one)));
  }

  get pause() {
    return RETRY_SECONDS[Math.min(this.failures, RETRY_SECONDS.length) - 1] ?? 2;
  }

  /**
   * @param {string} recording
   * @param {Answer} answer
   * @param {Unsent} wanted
   */
  take(recording, answer, wanted) {
    const index = this.positions.get(recording);
    const kept = this.waiting.get(recording);
    // Meanwhile the person may have decided again.
    const saved = answer.standing ?? null;
    if (kept && !isSame(kept, wanted))
      this.keep(recording, { ...kept, known: saved?.run ?? 0, saved });
    else this.drop(recording);
    this.adopt(answer);
    const told = toldAnswer(index === undefined ? null : this.cases[index], answer, wanted);
    if (told) {
      tell(told, index);
      this.history = this.history.filter((each) => each.index !== index);
    }
    this.onAnswer(answer);
    if (this.isRegretted && index !== undefined && answer.outcome === "saved") this.takeBack(index);
  }

  /**
   * Show a recording as the server has answered that it is.
   * @param {Answer} answer
   */
  adopt({ recording_id: recording, case: kase, standing }) {
    const index = this.positions.get(recording);
    if (index !== undefined && kase) this.replace(index, kase);
    this.settle(recording, standing ?? null);
  }

  /**
   * A recording has changed: another kind, other candidates.
   * @param {number} index
   * @param {Kase} kase
   */
  replace(index, kase) {
    const entry = this.entry(index);
    this.place(index, null);
    this.counts[this.cases[index].kind].total -= 1;
    this.cases[index] = kase;
    this.counts[kase.kind] ??= { total: 0, decided: 0 };
    this.counts[kase.kind].total += 1;
    this.show(kase.recording_id, entry);
  }

  /** What is not saved yet, so that nothing is lost with the server. */
  get decisions() {
    return this.unsent.map(
      ([recording_id, { kind, state, ...entry }]) =>
        /** @type {[Decided, Entry]} */ ([{ recording_id, kind, state }, entry]),
    );
  }

  markDownloaded() {}
}

/**
 * @param {string} recording
 * @param {Unsent} unsent
 */
function requestOf(recording, unsent) {
  const { kind, state, verdict, pet_id = null, appointment_id = null, reviewer, note } = unsent;
  const decision = { recording_id: recording, kind, state, verdict, pet_id, appointment_id };
  return { decision: { ...decision, reviewer, note }, known: unsent.known };
}
