/** Small helpers to build elements; text is only ever set as text, never as markup. */
const byId = (id) => document.getElementById(id);

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setOn(node, name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function setOn(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "click") node.addEventListener("click", value);
  else node.setAttribute(name, value === true ? "" : value);
}

/** A name or a text of unknown direction. */
const foreign = (text, attributes = {}) => el("bdi", attributes, text);

/** Fields in which letters and digits are text, not commands; one that has just closed is none. */
function isTyping(node) {
  if (!node.checkVisibility()) return false;
  if (node.closest("textarea, select")) return true;
  return node.tagName === "INPUT" && !["radio", "checkbox", "file"].includes(node.type);
}

function debounced(action, milliseconds) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

/** Say something to people who listen to the page. */
function announce(text) {
  byId("live").textContent = text;
}
