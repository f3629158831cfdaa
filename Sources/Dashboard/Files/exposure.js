// What all strategies together may hold, and how much of it they do.

import { put } from "./api.js";
import { ask } from "./dialog.js";
import { h, keyed, note, setAttribute, setText } from "./dom.js";
import { Fields, entry, value } from "./fields.js";
import { money, percent } from "./format.js";
import { wrongAmount } from "./parameters.js";

const words = { live: "live money", paper: "paper" };

export function exposure() {
  const list = h("ul", { class: "exposures" });
  const element = h("section", { class: "panel", "aria-labelledby": "exposure" },
    h("h2", { id: "exposure" }, "Exposure limits of the cluster"), list);
  let known = {};

  function show(all) {
    known = all;
    keyed(list, Object.keys(all).sort(), (execution) => execution, make, update);
  }

  function make(execution) {
    const parts = {
      text: h("span", { class: "text" }),
      meter: h("meter", { min: "0", max: "1", "aria-label": `Exposure limit of ${words[execution]}, share used` }),
      change: h("button", { type: "button", class: "small admin", onclick: () => change(execution) }),
    };
    parts.meter.low = 0.6;
    parts.meter.high = 0.9;
    parts.meter.optimum = 0;
    const item = h("li", { "data-execution": execution },
      h("span", { class: "which" }, execution === "live" ? "Live money" : "Paper"), parts.meter, parts.text, parts.change);
    item.parts = parts;
    return item;
  }

  function update({ parts }, execution) {
    const { limit, used } = known[execution];
    const share = limit === null ? 0 : Number(used) / Number(limit);
    parts.meter.hidden = limit === null;
    parts.meter.value = Math.min(1, share);
    setText(parts.text, limit === null ? `no limit · ${money(used)} held` : `${money(used)} of ${money(limit)} · ${percent(share)} used`);
    setAttribute(parts.text, "title", `${used} held at its cost, entries under way included; limit ${limit ?? "none"}`);
    setText(parts.change, limit === null ? "Set …" : "Change …");
    setAttribute(parts.change, "aria-label", `${limit === null ? "Set" : "Change"} the exposure limit of ${words[execution]}`);
  }

  async function change(execution) {
    const { limit, used } = known[execution];
    const control = entry("decimal", limit ?? "");
    control.name = "limit";
    const fields = new Fields(() => {});
    const asked = await ask({
      title: `Exposure limit of ${words[execution]}`, kind: "bad", confirm: "Set the limit", phrase: `limit ${execution}`,
      lines: [
        `All strategies on ${words[execution]} together hold ${money(used)} now. Beyond the limit no position is opened, by any of them, on any replica; what is held can always be sold.`,
      ],
      fields: [fields.add("exposure", "Limit", control, {
        unit: "in quote units", hint: "Empty: no limit.", check: (text) => (text === "" ? null : wrongAmount(text)),
      })],
      isRight: () => fields.areRight(),
    });
    if (!asked) return;
    try {
      const answer = await put("/api/limits", { exposure: { [execution]: value(control) || null } });
      show(answer.exposure);
      note(answer.exposure[execution].limit === null
        ? `There is no exposure limit of ${words[execution]} any more.`
        : `Exposure limit of ${words[execution]}: ${money(answer.exposure[execution].limit)}.`);
    } catch (error) { note(error.errors?.map(({ field, message }) => `${field} ${message}`).join(" ") || error.message, "bad"); }
  }

  return { element, show };
}
