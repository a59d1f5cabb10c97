/** Decisions to a file, and back. */
const VERSION = 1;

/**
 * @param {Decided} kase
 * @param {Entry} entry
 * @param {string} reviewer
 */
function decisionOf(kase, entry, reviewer) {
  return {
    recording_id: kase.recording_id,
    kind: kase.kind,
    state: kase.state,
    verdict: entry.verdict,
    pet_id: entry.pet_id ?? null,
    appointment_id: entry.appointment_id ?? null,
    reviewer: entry.reviewer || reviewer,
    note: entry.note ?? "",
  };
}

/** @param {Session} session */
function decisionFile(session) {
  return {
    petrec_review: VERSION,
    reviewer: session.reviewer,
    exported_at: facts.exported_at,
    decisions: session.decisions.map(([kase, entry]) => decisionOf(kase, entry, session.reviewer)),
  };
}

/** @param {Session} session */
function download(session) {
  if (!session.reviewer) {
    askReviewer(session, () => download(session));
    return;
  }
  const file = decisionFile(session);
  if (!file.decisions.length) {
    notify("There is no decision to download yet.");
    return;
  }
  save(JSON.stringify(file, null, 1), fileName(session.reviewer));
  session.markDownloaded();
  notify(
    `${counted(file.decisions.length, "decision", "decisions")} downloaded. Send the file to the person who sent you this page.`,
  );
}

/** @param {string} reviewer */
function fileName(reviewer) {
  const who = reviewer
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
  const when = facts.exported_at.replace(/[^0-9]/g, "").slice(0, 12);
  return `${["decisions", who.slice(0, 60), when].filter((part) => part).join("-")}.json`;
}

/**
 * @param {string} text
 * @param {string} name
 */
function save(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/**
 * @param {Session} session
 * @param {File} file
 */
async function load(session, file) {
  const content = parsed(await file.text());
  if (content?.petrec_review !== VERSION || !Array.isArray(content.decisions)) {
    notify(`${file.name} is not a file of decisions that this page can read.`, true);
    return false;
  }
  notify(toldLoad(file.name, takeDecisions(session, content.decisions)));
  return true;
}

/**
 * Take what belongs to this export; a decision made here is never overwritten.
 * @param {Session} session
 * @param {Decision[]} decisions
 */
function takeDecisions(session, decisions) {
  const result = { taken: 0, same: 0, kept: 0, foreign: 0 };
  for (const decision of decisions) result[takeDecision(session, decision)] += 1;
  return result;
}

/**
 * @param {Session} session
 * @param {Decision} decision
 */
function takeDecision(session, decision) {
  const index = session.positions.get(decision?.recording_id);
  if (index === undefined || !belongs(session.cases[index], decision)) return "foreign";
  const mine = session.entry(index);
  if (mine?.verdict) return isSame(mine, decision) ? "same" : "kept";
  const { verdict, pet_id, appointment_id, reviewer, note } = decision;
  session.history.push({ index, before: mine });
  session.change(index, {
    verdict,
    pet_id,
    appointment_id,
    reviewer: String(reviewer ?? ""),
    note: mine?.note || String(note ?? ""),
  });
  return "taken";
}

/**
 * @param {Kase} kase
 * @param {Decision} decision
 */
function belongs(kase, decision) {
  return (
    decision.state === kase.state &&
    decision.kind === kase.kind &&
    Boolean(decision.verdict) &&
    fits(kase, decision)
  );
}

/** @type {(keyof Choice)[]} */
const DECIDED_BY = ["verdict", "pet_id", "appointment_id"];

/**
 * @param {Entry} mine
 * @param {Entry} other
 */
const isSame = (mine, other) =>
  DECIDED_BY.every((field) => (mine[field] ?? null) === (other[field] ?? null));

/**
 * @param {string} name
 * @param {LoadResult} result
 */
function toldLoad(name, { taken, same, kept, foreign: others }) {
  return [
    `${name}: ${counted(taken, "decision", "decisions")} loaded.`,
    same ? `${counted(same, "was", "were")} here already.` : "",
    kept
      ? `${counted(kept, "differs from the one", "differ from those")} made here, which stayed.`
      : "",
    others ? `${counted(others, "does", "do")} not belong to this export.` : "",
  ]
    .filter((part) => part)
    .join(" ");
}
