// Starting a strategy: a form made of what the server says about its modes.

import { get, post } from "./api.js";
import { ask } from "./dialog.js";
import { h, note, setText } from "./dom.js";
import { Fields, options, value } from "./fields.js";
import { limitFields, parameterFields, readLimits, readParameters } from "./parameters.js";
import { replay } from "./replay.js";

export function start() {
  const holder = h("div");
  const element = h("div", { class: "view start" }, h("h1", {}, "Start a strategy"), holder);
  let form = null;

  async function load() {
    if (form) return;
    form = makeForm(await get("/api/modes"));
    holder.replaceChildren(form.element);
  }

  return { title: "Start", element, refresh: load, wants: () => form === null, leave: () => form?.end() };
}

function makeForm(choices) {
  const fields = new Fields(update);
  const problems = h("div", { class: "panel bad", role: "alert", hidden: true });
  const button = h("button", { type: "submit", class: "primary large" });
  const parameters = h("div", { class: "fields" });
  const summary = h("p", { class: "quiet" });
  const symbol = h("input", { type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "20", placeholder: "BTCUSDT" });
  const mode = h("select", {}, ...options(choices.modes.map((mode) => mode.name)));
  const interval = h("select", {}, ...options(choices.intervals));
  interval.value = "1m";
  const exchange = h("select", {}, ...options(choices.exchanges));
  exchange.value = choices.default_exchange;
  const modeHint = h("p", { class: "quiet" });
  const trial = replay(() => (areRight() ? order() : null), refuse);

  const allowed = (execution) => choices.executions.includes(execution);
  const way = (execution, title, text) => h("label", { class: "choice", "data-execution": execution },
    h("input", { type: "radio", name: "execution", value: execution, checked: execution === "paper", disabled: !allowed(execution) }),
    h("span", {}, h("b", {}, title), h("small", {}, text)));

  const form = h("form", { class: "panel", novalidate: true },
    h("fieldset", { class: "choices" }, h("legend", {}, "Money"),
      way("paper", "Paper", "Orders are filled by Tenure itself, at market prices. Nothing leaves it, nothing can be lost."),
      way("live", "Live money", allowed("live")
        ? "Orders go to the exchange, and are paid with real money."
        : "Not available: this cluster takes no live strategies.")),
    h("div", { class: "fields" },
      fields.add("symbol", "Symbol", symbol, {
        hint: "As the exchange calls it.",
        check: (text) => (/^[A-Za-z0-9._-]{1,20}$/.test(text) ? null : text ? "has one to twenty letters, digits, “-”, “_” or “.”" : "is missing"),
      }),
      fields.add("mode", "Mode", mode), fields.add("interval", "Candles", interval), fields.add("exchange", "Exchange", exchange)),
    modeHint,
    h("fieldset", {}, h("legend", {}, "Parameters"), parameters),
    h("fieldset", {}, h("legend", {}, "Limits"),
      h("p", { class: "quiet" }, "Beyond them nothing is opened; what is held can always be sold. Empty: no limit."),
      h("div", { class: "fields" }, ...limitFields(fields, {}, choices.default_limits))),
    trial.element,
    problems, summary,
    h("p", { class: "actions" }, button));

  let schema = {};
  function showMode() {
    const chosen = choices.modes.find((one) => one.name === mode.value);
    setText(modeHint, chosen.summary);
    schema = chosen.parameters.properties ?? {};
    parameters.replaceChildren(...parameterFields(fields, schema));
    update();
  }

  const execution = () => new FormData(form).get("execution") ?? "paper";

  const order = () => ({
    symbol: value(symbol).toUpperCase(), mode: mode.value, interval: interval.value, exchange: exchange.value,
    execution: execution(), config: readParameters(fields, schema), limits: readLimits(fields),
  });

  function update() {
    const isLive = execution() === "live";
    form.dataset.execution = execution();
    const market = value(symbol).toUpperCase() || "…";
    setText(button, isLive ? "Start with live money" : "Start on paper");
    button.classList.toggle("danger", isLive);
    button.classList.toggle("primary", !isLive);
    setText(summary, `${mode.value} will trade ${market} on ${interval.value} candles of ${exchange.value}, ${isLive ? "with live money" : "on paper"}.`);
    trial.check(order());
  }

  function areRight() {
    problems.hidden = true;
    return fields.areRight();
  }

  function refuse(error) { fields.refuse(error, problems, "Nothing was started"); }

  form.addEventListener("change", update);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!areRight()) return;
    const wanted = order();
    if (wanted.execution === "live" && !await ask({
      title: `Trade ${wanted.symbol} with live money?`, kind: "bad", confirm: "Start with live money", phrase: `live ${wanted.symbol}`,
      lines: [`From now on ${wanted.mode} buys and sells ${wanted.symbol} on ${wanted.exchange} by itself, and what it loses is lost.`] })) return;
    button.disabled = true;
    try {
      const started = await post("/api/live-strategy/start", wanted);
      note(`${started.symbol} ${started.status === "running" ? "runs" : `is ${started.status}`}.`);
      location.hash = `#/strategy/${started.id}`;
    } catch (error) { refuse(error); }
    button.disabled = false;
  });
  mode.addEventListener("change", showMode);
  showMode();
  return { element: form, end: trial.end };
}
