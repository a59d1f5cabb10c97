/** How far the work is, whether it is kept, and what is to be downloaded. */

/** @param {Session} session */
function drawProgress(session) {
  const { decided } = session;
  byId("done").textContent = decided.toLocaleString("en");
  byId("total").textContent = session.cases.length.toLocaleString("en");
  byId("progress").max = Math.max(1, session.cases.length);
  byId("progress").value = decided;
  drawKinds(session, decided);
  drawReviewer(session);
  if (session instanceof ServedSession) drawServed(session);
  else drawSaved(session);
}

/** @param {Session} session */
function drawReviewer(session) {
  byId("reviewer").textContent = session.reviewer || "Your name";
  byId("reviewer").setAttribute("aria-label", `Reviewer: ${session.reviewer || "nobody yet"}`);
}

/**
 * @param {Session} session
 * @param {number} decided
 */
function drawKinds(session, decided) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll("[data-kind]")
  )) {
    const count = session.counts[place.dataset.kind ?? ""] ?? {
      decided,
      total: session.cases.length,
    };
    place.textContent = `${count.decided.toLocaleString("en")} / ${count.total.toLocaleString("en")}`;
    place.setAttribute("aria-label", `${count.decided} of ${count.total} decided`);
    place.classList.toggle("complete", count.decided === count.total);
  }
}

/** @param {Session} session */
function drawSaved(session) {
  const saved = byId("saved");
  const working = session.store.working;
  setText(saved, working ? (session.revision ? "Saved in this browser" : "") : "Not saved");
  saved.classList.toggle("bad", !working);
  byId("download").classList.toggle("pending", session.pending);
  setText(byId("download"), session.pending ? "Download decisions ●" : "Download decisions");
  byId("download").title = session.pending ? "There are decisions that are not downloaded" : "";
  byId("download").setAttribute(
    "aria-label",
    session.pending ? "Download decisions, some are not downloaded yet" : "Download decisions",
  );
  if (!working) warnUnsaved();
}

/**
 * @param {HTMLElement} node
 * @param {string} text
 */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
