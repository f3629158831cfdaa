// Who looks, and what they may do. The token becomes a cookie that no script can read.

import { get, post, remove } from "./api.js";
import { h, setText } from "./dom.js";

const who = document.getElementById("who");

/**
 * Asks until it is known who looks.
 * @param {HTMLElement} main Where a token is asked for, if one is needed.
 */
export async function session(main) {
  for (;;) {
    try {
      const answer = await get("/api/session");
      document.body.dataset.role = answer.role;
      who.replaceChildren(...(answer.name ? [
        h("span", { title: `may do what a ${answer.role} may` }, answer.name),
        h("button", { type: "button", class: "small", onclick: leave }, "Sign out"),
      ] : []));
      return;
    } catch (error) {
      if (error.status === 401) await ask(main);
      else await new Promise((done) => setTimeout(done, 1000));
    }
  }
}

async function leave() {
  await remove("/api/session").catch(() => {});
  location.reload();
}

function ask(main) {
  return new Promise((done) => {
    const token = h("input", { type: "password", id: "token", autocomplete: "current-password", required: true, spellcheck: "false" });
    const wrong = h("p", { class: "wrong", role: "alert" });
    const form = h("form", { class: "panel signin" },
      h("h1", {}, "Sign in"),
      h("p", { class: "quiet" }, "This cluster asks for an access token. Who runs it makes one with “tenure token create”."),
      h("p", { class: "field" }, h("label", { for: "token" }, "Access token"), token),
      wrong,
      h("p", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Sign in")));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        await post("/api/session", { token: token.value.trim() });
        main.replaceChildren();
        done();
      } catch (error) {
        setText(wrong, error.status === 401 ? "This token is not known, or has expired." : error.message);
        token.select();
      }
    });
    main.replaceChildren(form);
    token.focus();
  });
}
