/** Small helpers to build elements; text is only ever set as text, never as markup. */

const byId = /** @type {ById} */ (/** @param {string} id */ (id) => document.getElementById(id));

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setOn(node, name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * @param {HTMLElement} node
 * @param {string} name
 * @param {Attributes[string]} value
 */
function setOn(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") node.addEventListener(name, value);
  else node.setAttribute(name, value === true ? "" : value);
}

/**
 * A name or a text of unknown direction.
 * @param {string} text
 * @param {Attributes} [attributes]
 */
const foreign = (text, attributes = {}) => el("bdi", attributes, text);

/**
 * Fields in which letters and digits are text, not commands; one that has just closed is none.
 * @param {EventTarget | null} node
 */
function isTyping(node) {
  if (!(node instanceof HTMLElement) || !node.checkVisibility()) return false;
  if (node.closest("textarea, select")) return true;
  return node instanceof HTMLInputElement && !["radio", "checkbox", "file"].includes(node.type);
}

/**
 * @param {() => void} action
 * @param {number} milliseconds
 */
function debounced(action, milliseconds) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

/**
 * Say something to people who listen to the page.
 * @param {string} text
 */
function announce(text) {
  byId("live").textContent = text;
}
