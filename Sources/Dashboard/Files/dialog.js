// Questions that must be answered before something is done.

import { h } from "./dom.js";

let number = 0;

/**
 * Asks for a confirmation.
 * @param {object} question `title`; `lines` that say in words what will happen; `confirm`: the button's words; `kind`: "bad"
 *   where something is lost; `phrase`: what must be typed first; `fields`: elements with a `name`, between; `isRight`: whether
 *   what they hold will do.
 * @returns {Promise<FormData|null>} What was entered; null if nothing is to be done.
 */
export function ask({ title, lines, confirm, kind = "plain", phrase = null, fields = [], isRight = () => true }) {
  return new Promise((answer) => {
    const id = `dialog-${++number}`;
    const button = h("button", { type: "submit", class: kind === "bad" ? "danger" : "primary" }, confirm);
    const typed = h("input", { type: "text", name: "phrase", autocomplete: "off", autocapitalize: "off", spellcheck: "false", id: `${id}-phrase` });
    const wanted = () => (typeof phrase === "function" ? phrase(new FormData(form)) : phrase);
    const label = h("label", { for: `${id}-phrase` });
    const typing = h("p", { class: "field" }, label, typed);
    const check = () => {
      const words = wanted();
      typing.hidden = !words;
      label.textContent = words ? `To confirm, type: ${words}` : "";
      button.disabled = Boolean(words) && typed.value.trim().toLowerCase() !== words.toLowerCase();
    };
    const form = h("form", { method: "dialog", oninput: check, onchange: check },
      h("h2", { id: `${id}-title` }, title),
      ...lines.map((line) => h("p", {}, line)),
      ...fields,
      typing,
      h("p", { class: "actions" },
        h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
        button));
    const dialog = h("dialog", { "aria-labelledby": `${id}-title` }, form);
    let result = null;
    form.addEventListener("submit", (event) => {
      check();
      if (button.disabled || !isRight()) { event.preventDefault(); return; }
      result = new FormData(form);
    });
    dialog.addEventListener("close", () => { dialog.remove(); answer(result); });
    document.body.append(dialog);
    check();
    dialog.showModal();
    if (!typing.hidden) typed.focus();
  });
}

/** Why, in words that others will read. */
export const reasonField = (title, value) => h("p", { class: "field" },
  h("label", { for: "reason" }, title),
  h("input", { type: "text", id: "reason", name: "reason", maxlength: "200", value, autocomplete: "off", required: true }));

/** The choice of what becomes of open positions, and the reason, for a stop. */
export function stopFields() {
  const choice = (value, title, text, checked) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "positions", value, checked }),
    h("span", {}, h("b", {}, title), h("small", {}, text)));
  return [
    h("fieldset", { class: "choices" },
      h("legend", {}, "Open positions"),
      choice("keep", "Keep", "What is held stays as it is; nobody watches it any more.", true),
      choice("close", "Close", "Everything that is held is sold at the last price.", false)),
    reasonField("Reason, for the history", "user_stopped"),
  ];
}
