// The keyboard: one key a step, none of them where a person is writing.

function isWriting(target) {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}

const KEYS = {
  j: () => step(1),
  ArrowRight: () => step(1),
  k: () => step(-1),
  ArrowLeft: () => step(-1),
  c: (one) => choose(one, { verdict: "cannot_tell" }),
  l: (one) => choose(one, { verdict: "leave" }),
  u: () => takeBack(),
  n: () => at("note") && at("note").focus(),
  "/": () => at("search").focus(),
  "?": () => at("help").showModal(),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || at("help").open) return;
  if (isWriting(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const one = found.length ? cases[current] : null;
  if (/^[1-9]$/.test(event.key) && one) {
    const candidate = one.candidates[Number(event.key) - 1];
    if (candidate) choose(one, candidate);
    else announce(`There is no animal ${event.key}`);
    return;
  }
  const inList = event.target === at("list");
  if (inList && event.key === "ArrowDown") return go(event, () => step(1));
  if (inList && event.key === "ArrowUp") return go(event, () => step(-1));
  const act = KEYS[event.key];
  if (act && (one || "/?u".includes(event.key))) go(event, () => act(one));
}

function go(event, act) {
  event.preventDefault();
  act();
}
