/** A list of any length of which only the rows in sight exist. */
const SPARE_ROWS = 6;

class CaseList {
  /**
   * @param {Session} session
   * @param {(index: number) => void} onPick
   */
  constructor(session, onPick) {
    this.session = session;
    /** @type {number[]} */
    this.shown = [];
    /** @type {Map<number | null, number>} */
    this.where = new Map();
    this.isOneKind = false;
    this.first = 0;
    this.sight = 0;
    /** @type {number | null} */
    this.current = null;
    this.box = byId("list");
    this.rows = byId("rows");
    this.box.addEventListener("scroll", () => this.draw(), { passive: true });
    this.rows.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      /** @type {HTMLElement | null} */
      const row = target.closest("[data-index]");
      if (row) onPick(Number(row.dataset.index));
    });
    new ResizeObserver(() => this.draw(true)).observe(this.box);
  }

  /**
   * @param {number[]} shown
   * @param {number | null} current
   * @param {boolean} isOneKind
   */
  show(shown, current, isOneKind) {
    this.isOneKind = isOneKind;
    this.shown = shown;
    this.where = new Map(shown.map((index, position) => [index, position]));
    this.current = current;
    this.draw(true);
    this.reveal();
  }

  /** Rows are as tall as the style sheet says at the present zoom and font size. */
  get height() {
    return Number.parseFloat(getComputedStyle(this.rows).getPropertyValue("line-height")) * 3;
  }

  draw(always = false) {
    const height = this.height;
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - SPARE_ROWS);
    const sight = Math.ceil(this.box.clientHeight / height) + 2 * SPARE_ROWS;
    if (!always && first === this.first && sight === this.sight) return;
    [this.first, this.sight] = [first, sight];
    this.rows.style.height = `${this.shown.length * height}px`;
    const visible = this.shown.slice(first, first + sight);
    this.rows.replaceChildren(
      ...visible.map((index, offset) => this.row(index, first + offset, height)),
    );
    this.markActive();
  }

  /**
   * @param {number} index
   * @param {number} position
   * @param {number} height
   */
  row(index, position, height) {
    const row = listRow(this.session.cases[index], this.session.entry(index), this.isOneKind);
    row.id = `row-${index}`;
    row.dataset.index = String(index);
    row.style.top = `${position * height}px`;
    row.style.height = `${height}px`;
    row.setAttribute("aria-selected", String(index === this.current));
    row.setAttribute("aria-setsize", String(this.shown.length));
    row.setAttribute("aria-posinset", String(position + 1));
    return row;
  }

  /**
   * Redraw one row, if it is there at all.
   * @param {number} index
   */
  update(index) {
    const old = byId(`row-${index}`);
    const position = this.where.get(index);
    if (old && position !== undefined) old.replaceWith(this.row(index, position, this.height));
  }

  /** @param {number} index */
  select(index) {
    const before = this.current;
    this.current = index;
    for (const changed of [before, index]) if (changed !== null) this.update(changed);
    this.reveal();
    this.markActive();
  }

  markActive() {
    if (byId(`row-${this.current}`))
      this.box.setAttribute("aria-activedescendant", `row-${this.current}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  reveal() {
    const position = this.where.get(this.current);
    if (position === undefined) return;
    const [top, height] = [position * this.height, this.height];
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + height > scrollTop + clientHeight)
      this.box.scrollTop = top + 2 * height - clientHeight;
    this.draw();
  }
}

/** @type {Record<string, string>} */
const MARKS = { assign: "✓", link: "✓", cannot_tell: "?", leave: "–" };

/**
 * @param {Kase} kase
 * @param {Entry | null} entry
 * @param {boolean} isOneKind
 */
function listRow(kase, entry, isOneKind) {
  const told = toldEntry(kase, entry);
  return el(
    "div",
    { role: "option", class: "row", "data-verdict": entry?.verdict ?? "open" },
    el("span", { class: "mark", "aria-hidden": "true" }, MARKS[entry?.verdict ?? ""] ?? ""),
    foreign(headline(kase), { class: "row-title" }),
    el("span", { class: "row-kind" }, (isOneKind && recordedAt(kase)) || kindName(kase.kind)),
    told ? foreign(told, { class: "row-told" }) : el("span", { class: "row-told quiet" }, "open"),
  );
}
