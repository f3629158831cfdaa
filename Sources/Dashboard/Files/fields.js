// Controls that say what is wrong with them as one types, and a form's worth of them.

import { h, setText } from "./dom.js";

export const value = (control) => control.value.trim();
export const options = (values) => values.map((each) => h("option", { value: each }, each));
export const entry = (inputmode, text = "") => h("input", { type: "text", inputmode, autocomplete: "off", value: text });

/** The controls of a form, by the name of the field that a problem is about. */
export class Fields {
  #all = new Map();
  #changed;

  /** @param {() => void} changed Called after whatever was entered. */
  constructor(changed) { this.#changed = changed; }

  /**
   * A labelled control with a place for what is wrong with it.
   * @param {(text: string) => string|null} check What is wrong, as a phrase.
   */
  add(name, title, control, { hint = "", check = () => null, unit = "" } = {}) {
    const id = `field-${name.replaceAll(".", "-")}`;
    const wrong = h("span", { class: "wrong", id: `${id}-wrong` });
    control.id = id;
    control.setAttribute("aria-describedby", `${id}-hint ${id}-wrong`);
    const judge = (told = null) => {
      const problem = told ?? check(value(control));
      setText(wrong, problem ?? "");
      control.setAttribute("aria-invalid", problem ? "true" : "false");
      return problem;
    };
    for (const kind of ["input", "change"]) control.addEventListener(kind, () => { judge(); this.#changed(); });
    this.#all.set(name, { control, judge });
    return h("div", { class: "field" },
      h("label", { for: id }, title, unit && h("span", { class: "unit" }, ` ${unit}`)), control,
      h("small", { class: "hint", id: `${id}-hint` }, hint), wrong);
  }

  control(name) { return this.#all.get(name)?.control; }

  drop(prefix) { for (const name of this.#all.keys()) if (name.startsWith(prefix)) this.#all.delete(name); }

  /** Whether all is well; else what is wrong is said beside the fields, and the first of them has the focus. */
  areRight() {
    const wrong = [...this.#all.values()].filter((one) => one.judge());
    wrong[0]?.control.focus();
    return wrong.length === 0;
  }

  /**
   * Says what the server refused: beside its field where there is one, the rest in `place`.
   * @param {Problem} error
   * @param {string} nothing What has not happened.
   */
  refuse(error, place, nothing) {
    const general = error.errors.filter(({ field: name, message }) => {
      this.#all.get(name)?.judge(message);
      return !this.#all.has(name);
    });
    const first = error.errors.map(({ field: name }) => this.#all.get(name)).find(Boolean);
    place.replaceChildren(
      h("p", {}, error.errors.length && first ? `${nothing}; what is wrong is said beside the fields.` : error.message),
      ...general.map(({ field: name, message }) => h("p", {}, `${name} ${message}`)),
      ...(error.strategy ? [h("p", {}, h("a", { href: `#/strategy/${error.strategy.id}` }, `Look at ${error.strategy.symbol}`))] : []));
    place.hidden = false;
    first?.control.focus();
  }
}
