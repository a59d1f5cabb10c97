/** Messages that stay until they are closed, and the two dialogs. */
const MOST_MESSAGES = 4;
const UNSAVED =
  "This browser keeps nothing for this page: decisions are lost when it is closed or reloaded. " +
  "Download them before you close it.";

/**
 * @param {string} text
 * @param {boolean} [isBad]
 */
function notify(text, isBad = false) {
  const notice = byId("notice");
  const close = el(
    "button",
    {
      type: "button",
      class: "plain",
      click: () => {
        notice.hidden = true;
      },
    },
    "Close",
  );
  notice.classList.toggle("bad", isBad);
  notice.replaceChildren(el("p", {}, text), close);
  notice.hidden = false;
}

/**
 * Add a message to those that are not closed yet.
 * @param {string} text
 * @param {number} [index] of the case that it is about
 */
function tell(text, index) {
  const notice = byId("notice");
  const before = notice.hidden ? [] : [...notice.querySelectorAll("p")];
  notify(text, true);
  if (index !== undefined)
    notice
      .querySelector("p")
      ?.append(
        " ",
        el("button", { type: "button", class: "plain", click: () => show(index) }, "Show the case"),
      );
  notice.prepend(...before.slice(-MOST_MESSAGES));
}

let isWarned = false;

function warnUnsaved() {
  if (isWarned) return;
  isWarned = true;
  notify(UNSAVED, true);
}

/**
 * Ask who decides, then continue; Escape changes nothing.
 * @param {Session} session
 * @param {() => void} [then]
 */
function askReviewer(session, then = () => {}) {
  const dialog = byId("ask");
  byId("name").value = session.reviewer;
  byId("ask-form").onsubmit = (event) => {
    // Closed here and not by the form, so that the next key already goes to the case.
    event.preventDefault();
    const name = byId("name").value.trim();
    if (!name) return;
    session.reviewer = session.store.reviewer = name;
    dialog.close();
    drawProgress(session);
    then();
  };
  dialog.showModal();
  byId("name").select();
}

const isAsking = () => byId("ask").open || byId("manual").open;
