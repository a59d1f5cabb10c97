/** Who else is here: what they look at, and what they have decided. */
const LOOK_SECONDS = 3;
const LOOK_HIDDEN_SECONDS = 10;

class People {
  /**
   * @param {ServedSession} session
   * @param {number} last
   */
  constructor(session, last) {
    this.session = session;
    this.since = last;
    this.client = crypto.getRandomValues(new Uint32Array(4)).join("-");
    /** @type {Map<string, string[]>} */
    this.looking = new Map();
    this.timer = 0;
    /** @type {string} */
    this.at = "";
    /** @type {(recordings: Set<string>) => void} */
    this.onNews = () => {};
  }

  /**
   * The names of others who look at a recording.
   * @param {string} recording
   */
  namesAt(recording) {
    return this.looking.get(recording) ?? [];
  }

  /**
   * Somebody opens a case here: learn whether it is still as it is shown.
   * @param {Kase | undefined} kase
   */
  open(kase) {
    this.at = kase?.recording_id ?? "";
    return this.look(kase?.state ?? "");
  }

  /** @param {string} [state] */
  async look(state = "") {
    clearTimeout(this.timer);
    const asked = { client: this.client, reviewer: this.session.reviewer, recording_id: this.at };
    const at = this.at;
    const answer = await ask("look", { ...asked, since: this.since, state: at ? state : "" });
    if (!answer.problem) this.take(answer, at, state);
    clearTimeout(this.timer);
    const pause = document.hidden ? LOOK_HIDDEN_SECONDS : LOOK_SECONDS;
    this.timer = setTimeout(() => this.look(), pause * 1000);
  }

  /**
   * @param {Looked} answer
   * @param {string} at
   * @param {string} state
   */
  take({ news, case: kase, standing, gone }, at, state) {
    /** @type {Set<string>} */
    const changed = new Set();
    for (const event of news.events.filter(({ number }) => number > this.since)) {
      this.session.settle(event.recording_id, event.standing);
      changed.add(event.recording_id);
    }
    this.since = news.last;
    this.looking = new Map();
    for (const { reviewer, recording_id } of news.people)
      this.looking.set(recording_id, [...this.namesAt(recording_id), reviewer]);
    if (state && this.refresh(at, kase, standing, gone)) changed.add(at);
    if (news.missed) tell("Much has been decided meanwhile: load the page again to see it.");
    this.onNews(changed);
  }

  /**
   * @param {string} recording
   * @param {Kase} [kase]
   * @param {Standing} [standing]
   * @param {boolean} [gone]
   */
  refresh(recording, kase, standing, gone) {
    const index = this.session.positions.get(recording);
    if (index === undefined) return false;
    const before = this.session.entry(index);
    if (kase) this.session.replace(index, kase);
    if (gone) tell(`${headline(this.session.cases[index])} needs no decision any more.`, index);
    if (standing?.run !== before?.run) this.session.settle(recording, standing ?? null);
    return Boolean(kase) || standing?.run !== before?.run;
  }
}

/** @param {string[]} names */
function drawPeople(names) {
  const place = byId("people");
  if (!place) return;
  place.hidden = !names.length;
  const many = names.length > 1;
  place.textContent = names.length
    ? `${names.join(" and ")} ${many ? "are" : "is"} looking at this case`
    : "";
}
