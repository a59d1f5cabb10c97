/** What the server has answered, in words, and what differs on a page with a server. */

/**
 * @param {Kase} kase
 * @param {Answer} answer
 */
function toldUndo(kase, { outcome, standing, reason }) {
  const name = headline(kase);
  if (outcome === "refused") return `${name}: the undo was refused: ${reason}.`;
  if (outcome === "taken" && standing)
    return `${name}: ${standing.reviewer} has decided this; only that person can undo it here.`;
  return `${name} has changed meanwhile: nothing was undone.`;
}

/**
 * What became of a decision that was not saved as it was made; empty if it was.
 * @param {Kase | null} kase
 * @param {Answer} answer
 * @param {Unsent} wanted
 */
function toldAnswer(kase, { outcome, standing, reason, gone, recording_id }, wanted) {
  const name = kase ? headline(kase) : recording_id;
  const mine = kase ? toldEntry(kase, wanted) : wanted.pet_id;
  const lost = `Your decision, ${mine}, was not saved.`;
  if (outcome === "taken" && standing) {
    const theirs = kase ? toldEntry(kase, standing) : standing.pet_id;
    return `${name}: ${standing.reviewer} has decided already: ${theirs}. ${lost}`;
  }
  if (outcome === "changed" && gone)
    return `${name} has changed meanwhile, and needs no decision any more. ${lost}`;
  if (outcome === "changed" || outcome === "taken")
    return `${name} has changed meanwhile. ${lost} It is shown as it is now: decide again.`;
  if (outcome === "refused") return `${name}: ${reason}. ${lost}`;
  return "";
}

/** @param {ServedSession} session */
function drawServed(session) {
  const waiting = session.unsent.length;
  const { trouble } = session;
  const unsaved = `${counted(waiting, "decision", "decisions")} not saved yet`;
  const isQuiet = !waiting && !session.decided;
  setText(byId("saved"), waiting ? (trouble ? unsaved : "Saving …") : isQuiet ? "" : "Saved");
  byId("saved").classList.toggle("bad", Boolean(trouble && waiting));
  byId("download").hidden = !(trouble && waiting);
  byId("download").classList.add("pending");
  drawTrouble(session, trouble && waiting ? `${toldTrouble(trouble)} ${unsaved}.` : "");
}

/**
 * @param {ServedSession} session
 * @param {string} text
 */
function drawTrouble(session, text) {
  const place = byId("trouble");
  if (!text) {
    place.hidden = true;
    return;
  }
  const one = session.unsent.length === 1;
  const kept = `${one ? "It stays" : "They stay"} in this browser, to be sent again.`;
  const told = `${text} ${session.store.working ? kept : "Keep this page open until then."}`;
  if (!place.hidden && place.firstElementChild?.textContent === told) return;
  const again = el(
    "button",
    { type: "button", class: "plain", click: () => session.send() },
    "Try again",
  );
  place.replaceChildren(el("p", {}, told), again);
  place.hidden = false;
}

/** What differs on a page with a server. */
function markServed() {
  document.documentElement.dataset.served = "";
  const exported = byId("exported");
  if (exported?.previousSibling) exported.previousSibling.textContent = "As of ";
  byId("load").hidden = true;
  byId("download").hidden = true;
  setText(
    byId("kept"),
    "A decision is saved in the database when you make it, and others see it. What cannot be saved at once stays in this browser until it can.",
  );
}
