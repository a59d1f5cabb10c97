/** The keyboard: one key, one act. */

/** @param {Act} act */
function listenToKeys(act) {
  const acts = {
    j: act.next,
    ArrowDown: act.next,
    k: act.previous,
    ArrowUp: act.previous,
    c: act.cannotTell,
    l: act.leave,
    u: act.undo,
    n: () => enter("note"),
    p: playSound,
    f: () => enter("find"),
    o: () => enter("other"),
    "/": () => enter("search"),
    "?": act.help,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isAsking()) return;
    if (event.key === "Escape") leaveField(event.target);
    else if (!isTyping(event.target)) obey(event, acts, act);
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {Record<string, () => void>} acts
 * @param {Act} act
 */
function obey(event, acts, act) {
  const { target } = event;
  const isRadio = target instanceof HTMLInputElement && target.type === "radio";
  const ownsArrows = isRadio || (target instanceof Element && target.closest("blockquote, audio"));
  const onArrow = ownsArrows && event.key.startsWith("Arrow");
  const isDigit = /^[1-9]$/.test(event.key);
  const known = isDigit ? () => act.choose(Number(event.key) - 1) : acts[event.key];
  // A key that is held down goes through the list, but decides once.
  const repeats = event.repeat && !["j", "k", "ArrowDown", "ArrowUp"].includes(event.key);
  if (!known || onArrow || repeats) return;
  event.preventDefault();
  known();
}

/** @param {string} id */
function enter(id) {
  const field = byId(id);
  if (!field) return;
  if (id !== "search") showView("case");
  else showView("list");
  field.focus();
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.select();
}

/** @param {EventTarget | null} target */
function leaveField(target) {
  if (!(target instanceof HTMLElement) || !isTyping(target)) return;
  target.blur();
  if (byId("case-title")) showView("case");
  focusCase();
}

/**
 * On a narrow screen either the list or the case is in sight.
 * @param {string} view
 */
function showView(view) {
  document.documentElement.dataset.view = view;
}
