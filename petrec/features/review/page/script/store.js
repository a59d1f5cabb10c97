/** Decisions in the browser's own storage: one item a case, so that saving costs the same always. */
const PREFIX = "petrec-review";

class Store {
  /** @param {string} identity */
  constructor(identity) {
    this.prefix = `${PREFIX}:${identity}:`;
    this.working = this.tried();
  }

  tried() {
    try {
      localStorage.setItem(`${PREFIX}:trial`, "1");
      localStorage.removeItem(`${PREFIX}:trial`);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Keep a value; once something could not be kept, what is saved is not complete any more.
   * @param {string} name
   * @param {unknown} value
   */
  put(name, value) {
    try {
      localStorage.setItem(this.prefix + name, JSON.stringify(value));
    } catch {
      this.working = false;
    }
  }

  /** @param {string} name */
  drop(name) {
    try {
      localStorage.removeItem(this.prefix + name);
    } catch {
      this.working = false;
    }
  }

  /**
   * @template T
   * @param {string} name
   * @param {T} fallback
   */
  get(name, fallback) {
    try {
      return parsed(localStorage.getItem(this.prefix + name)) ?? fallback;
    } catch {
      return fallback;
    }
  }

  /** Give every saved decision, by recording. */
  saved() {
    const found = [];
    try {
      for (let number = 0; number < localStorage.length; number += 1) {
        const key = localStorage.key(number);
        if (key?.startsWith(`${this.prefix}case:`)) {
          found.push([key.slice(this.prefix.length + 5), parsed(localStorage.getItem(key))]);
        }
      }
    } catch {
      this.working = false;
    }
    return found.filter(([, entry]) => entry);
  }

  get reviewer() {
    try {
      return localStorage.getItem(`${PREFIX}:reviewer`) ?? "";
    } catch {
      return "";
    }
  }

  set reviewer(name) {
    try {
      localStorage.setItem(`${PREFIX}:reviewer`, name);
    } catch {
      this.working = false;
    }
  }
}

/** @param {string | null} text */
function parsed(text) {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
