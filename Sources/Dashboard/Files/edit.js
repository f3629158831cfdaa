// Other parameters and limits for a strategy that runs.

import { get, patch } from "./api.js";
import { ask } from "./dialog.js";
import { h, note, setAttribute, setText } from "./dom.js";
import { Fields } from "./fields.js";
import { plain } from "./format.js";
import { limitFields, limits, parameterFields, readLimits, readParameters, title } from "./parameters.js";
import { replay } from "./replay.js";

export function edit({ argument }) {
  const path = `/api/live-strategy/${encodeURIComponent(argument ?? "")}`;
  const heading = h("h1");
  const badge = h("span", { class: "execution" });
  const about = h("p", { class: "quiet" });
  const holder = h("div");
  const missing = h("p", { class: "empty", hidden: true });
  const element = h("div", { class: "view start" },
    h("div", { class: "heading" }, heading, badge, h("span", { class: "grow" }), h("a", { href: `#/strategy/${argument}` }, "Back to it")),
    about, missing, holder);
  let form = null;

  async function load() {
    if (form) return;
    const [strategy, choices] = await Promise.all([get(path), get("/api/modes")]);
    const mode = choices.modes.find((one) => one.name === strategy.strategy_type);
    setText(heading, `Change ${strategy.symbol}`);
    document.title = `Change ${strategy.symbol} · Tenure`;
    setText(badge, strategy.execution === "live" ? "Live money" : "Paper");
    setAttribute(badge, "data-execution", strategy.execution);
    setText(about, `${strategy.strategy_type} on ${strategy.interval} candles, ${strategy.exchange}. What is changed counts from its next candle; what it holds stays.`);
    if (strategy.status === "stopped" || !mode) {
      setText(missing, mode ? "It has stopped: nothing can be changed any more." : "Nobody here knows its mode any more.");
      missing.hidden = false;
      return;
    }
    form = makeForm(path, strategy, mode.parameters.properties ?? {});
    holder.replaceChildren(form.element);
  }

  return {
    title: "Change a strategy", element, refresh: load, wants: () => form === null, leave: () => form?.end(),
    refused: (problem) => {
      if (form) return;
      missing.hidden = false;
      setText(missing, problem.message);
    },
  };
}

function makeForm(path, first, schema) {
  let strategy = first;
  const isLive = strategy.execution === "live";
  const fields = new Fields(update);
  const problems = h("div", { class: "panel bad", role: "alert", hidden: true });
  const summary = h("ul", { class: "changes", "aria-label": "What will change" });
  const button = h("button", { type: "submit", class: isLive ? "danger large" : "primary large" }, isLive ? "Change it, with live money" : "Change it");
  const order = () => ({
    symbol: strategy.symbol, mode: strategy.strategy_type, interval: strategy.interval, exchange: strategy.exchange,
    execution: strategy.execution, config: readParameters(fields, schema), limits: readLimits(fields),
  });
  const trial = replay(() => (areRight() ? order() : null), refuse);
  const form = h("form", { class: "panel", novalidate: true, "data-execution": strategy.execution },
    h("fieldset", {}, h("legend", {}, "Parameters"), h("div", { class: "fields" }, ...parameterFields(fields, schema, strategy.config))),
    h("fieldset", {}, h("legend", {}, "Limits"),
      h("p", { class: "quiet" }, "Beyond them nothing is opened; what is held can always be sold. Empty: no limit."),
      h("div", { class: "fields" }, ...limitFields(fields, strategy.limits))),
    trial.element,
    problems, summary,
    h("p", { class: "actions" }, button));

  /** What is entered and what is, by the name of the field, where they differ. */
  function changes() {
    const entered = { config: readParameters(fields, schema), limits: readLimits(fields) };
    const found = [];
    for (const [part, names] of [["config", Object.keys(schema)], ["limits", limits.map(([name]) => name)]]) {
      for (const name of names) {
        const [now, next] = [strategy[part][name] ?? null, entered[part][name] ?? null];
        if (String(now) !== String(next)) found.push({ part, name, now, next });
      }
    }
    return found;
  }

  const words = ({ name, now, next }) => `${title(name)}: ${now === null ? "none" : plain(now)} → ${next === null ? "none" : plain(next)}`;

  function update() {
    const found = changes();
    button.disabled = found.length === 0;
    summary.replaceChildren(...(found.length ? found.map((one) => h("li", {}, words(one))) : [h("li", { class: "quiet" }, "Nothing is changed yet.")]));
    trial.check(order());
  }

  function areRight() {
    problems.hidden = true;
    return fields.areRight();
  }

  function refuse(error) { fields.refuse(error, problems, "Nothing was changed"); }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!areRight()) return;
    const found = changes();
    if (!found.length) return;
    if (isLive && !await ask({
      title: `Change ${strategy.symbol}, which trades with live money?`, kind: "bad", confirm: "Change it", phrase: `change ${strategy.symbol}`,
      lines: ["From its next candle on it trades with these, and what it loses is lost.", ...found.map(words)] })) return;
    const body = {};
    for (const { part, name, next } of found) (body[part] ??= {})[name] = next;
    button.disabled = true;
    try {
      await patch(path, body, strategy.version);
      note(`${strategy.symbol} is changed, from its next candle on.`);
      location.hash = `#/strategy/${strategy.id}`;
    } catch (error) {
      if (error.status === 412) await overtaken();
      else refuse(error);
    }
    button.disabled = false;
  });

  /** Somebody was quicker: what they changed is shown, what was entered here stays, and neither is done without a look. */
  async function overtaken() {
    const mine = changes();
    const before = strategy;
    try {
      strategy = await get(path);
    } catch (error) { refuse(error); return; }
    const theirs = [];
    for (const part of ["config", "limits"]) {
      for (const name of new Set([...Object.keys(before[part] ?? {}), ...Object.keys(strategy[part] ?? {})])) {
        const [now, next] = [before[part][name] ?? null, strategy[part]?.[name] ?? null];
        if (String(now) === String(next)) continue;
        theirs.push({ name, now, next });
        const control = fields.control(`${part}.${name}`);
        if (control && !mine.some((one) => one.part === part && one.name === name)) control.value = next === null ? "" : plain(next);
      }
    }
    problems.replaceChildren(
      h("p", {}, strategy.status === "stopped" ? "It was stopped meanwhile. Nothing was changed." : "Somebody else changed it meanwhile, so nothing was changed now. They changed:"),
      h("ul", {}, ...theirs.map((one) => h("li", {}, words(one)))),
      h("p", {}, "What you entered still stands in the form, with their values beside it. Look at it, and change it again if you still want to."));
    problems.hidden = false;
    update();
  }

  update();
  return { element: form, end: trial.end };
}
