/** The sound of a recording, where the page has links to it. They expire together. */

const isOver = () => Date.now() > Date.parse(facts.audio_until);

/** @param {Kase} kase */
function sound(kase) {
  if (!facts.audio_until) return null;
  return el("div", { class: "card sound" }, el("h3", {}, "Sound"), ...soundBody(kase));
}

/** @param {Kase} kase */
function soundBody(kase) {
  if (!kase.audio) return [el("p", { class: "quiet" }, "There is no sound of this recording.")];
  const told = el("p", { class: "quiet", role: "status" }, isOver() ? ended() : "");
  if (isOver()) return [told];
  const player = el("audio", {
    id: "sound",
    controls: true,
    preload: "none",
    src: kase.audio,
    "aria-label": "Sound of the recording",
    error: () => setText(told, isOver() ? ended() : failed()),
  });
  const link = { href: kase.audio, target: "_blank", rel: "noopener noreferrer" };
  const until = `, until ${zonedMoment(facts.audio_until)}`;
  const alone = el("p", { class: "quiet" }, el("a", link, "Open the sound in a new tab"), until);
  return [player, told, alone];
}

const ended = () =>
  `The sound could be played until ${zonedMoment(facts.audio_until)}. ${renewal()}`;
const renewal = () =>
  facts.served
    ? "Reload this page to play it again."
    : "Ask the person who sent you this page for a new one.";
const failed = () =>
  "The sound cannot be played here. Try to open it in a new tab; if that fails, too, it is not in the store.";

/** Play the sound, or pause it. */
function playSound() {
  const player = byId("sound");
  if (!player) announce("There is no sound to play");
  // A failure is told by the player's own event.
  else if (player.paused) player.play().catch(() => {});
  else player.pause();
}
