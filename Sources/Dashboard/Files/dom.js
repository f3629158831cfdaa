// Elements. Whatever comes from outside is set as text, never as markup.

/**
 * Makes an element.
 * @param {string} name
 * @param {object} props `class`, listeners (`onclick`), properties that are booleans, `value`; everything else is an attribute.
 * @param {...(Node|string|null|undefined|false)} children
 */
export function h(name, props = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (typeof value === "boolean" || key === "value") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sets the text if it is another one: selections and screen readers are left in peace. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

const known = new WeakMap();

/**
 * Makes the children of `parent` those of `items`, in their order, and keeps the elements of items that stay.
 * @param {(item: any) => any} key
 * @param {(item: any) => Element} make
 * @param {(element: Element, item: any) => void} update
 */
export function keyed(parent, items, key, make, update) {
  const before = known.get(parent) ?? new Map();
  const after = new Map();
  const focused = document.activeElement;
  let place = parent.firstElementChild;
  for (const item of items) {
    const id = key(item);
    const element = before.get(id) ?? make(item);
    before.delete(id);
    after.set(id, element);
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const element of before.values()) element.remove();
  known.set(parent, after);
  if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}

/** A table's head and body, in a box that scrolls sideways where it must. */
export function table(label, columns, body) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", {},
      h("thead", {}, h("tr", {}, ...columns.map((column) =>
        typeof column === "string"
          ? h("th", { scope: "col" }, column)
          : h("th", { scope: "col", class: column.class }, column.title)))),
      body));
}

/** Says something for a while, at the edge of the page. */
export function note(text, kind = "info") {
  const element = h("p", { class: `note ${kind}` }, text);
  document.getElementById("notes").append(element);
  setTimeout(() => element.remove(), kind === "bad" ? 12000 : 5000);
}
