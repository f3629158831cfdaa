// Starting a strategy: a form made of what the server says about its modes.

import { get, post } from "./api.js";
import { ask } from "./dialog.js";
import { h, note, setText } from "./dom.js";

export function start() {
  const holder = h("div");
  const element = h("div", { class: "view start" }, h("h1", {}, "Start a strategy"), holder);
  let form = null;

  async function load() {
    if (form) return;
    form = makeForm(await get("/api/modes"));
    holder.replaceChildren(form);
  }

  return { title: "Start", element, refresh: load, wants: () => form === null };
}

function makeForm(choices) {
  /** Elements by the name of the field that a problem is about. */
  const fields = new Map();
  const problems = h("div", { class: "panel bad", role: "alert", hidden: true });
  const button = h("button", { type: "submit", class: "primary large" });
  const parameters = h("div", { class: "fields" });
  const summary = h("p", { class: "quiet" });

  /**
   * A labelled control with a place for what is wrong with it.
   * @param {(value: string) => string|null} check What is wrong, as a phrase.
   */
  function field(name, title, control, { hint = "", check = () => null, unit = "" } = {}) {
    const id = `field-${name.replaceAll(".", "-")}`;
    const wrong = h("span", { class: "wrong", id: `${id}-wrong` });
    control.id = id;
    control.setAttribute("aria-describedby", `${id}-hint ${id}-wrong`);
    const judge = (told = null) => {
      const problem = told ?? check(control.value.trim());
      setText(wrong, problem ?? "");
      control.setAttribute("aria-invalid", problem ? "true" : "false");
      return problem;
    };
    control.addEventListener("input", () => { judge(); update(); });
    control.addEventListener("change", () => { judge(); update(); });
    fields.set(name, { control, judge, title });
    return h("div", { class: "field" },
      h("label", { for: id }, title, unit && h("span", { class: "unit" }, ` ${unit}`)), control,
      h("small", { class: "hint", id: `${id}-hint` }, hint), wrong);
  }

  const options = (values) => values.map((value) => h("option", { value }, value));
  const symbol = h("input", { type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "20", placeholder: "BTCUSDT" });
  const mode = h("select", {}, ...choices.modes.map((mode) => h("option", { value: mode.name }, mode.name)));
  const interval = h("select", {}, ...options(choices.intervals));
  interval.value = "1m";
  const exchange = h("select", {}, ...options(choices.exchanges));
  exchange.value = choices.default_exchange;
  const modeHint = h("p", { class: "quiet" });
  const value = (control) => control.value.trim();

  const allowed = (execution) => choices.executions.includes(execution);
  const way = (execution, title, text) => h("label", { class: "choice", "data-execution": execution },
    h("input", { type: "radio", name: "execution", value: execution, checked: execution === "paper", disabled: !allowed(execution) }),
    h("span", {}, h("b", {}, title), h("small", {}, text)));

  const amount = /^\d{1,10}(\.\d{1,8})?$/;
  const limits = [
    ["order_value", "One order", "What an entry may cost.", "in quote units"],
    ["position_value", "Position", "What it may hold, entries under way included.", "in quote units"],
    ["daily_loss", "Loss in a day", "Then it opens nothing until midnight, UTC.", "in quote units"],
    ["orders_per_minute", "Orders in a minute", "Entries and exits count.", ""],
  ].map(([name, title, hint, unit]) => ({
    name, title, unit, pattern: unit ? amount : /^[1-9]\d{0,3}$/, wrong: unit ? "must be an amount above zero" : "must be a whole number from 1 to 6000",
    hint: choices.default_limits[name] === undefined ? hint : `${hint} Empty: ${choices.default_limits[name]}, the default here.`,
    control: h("input", { type: "text", inputmode: unit ? "decimal" : "numeric", autocomplete: "off" }),
  }));

  const form = h("form", { class: "panel", novalidate: true },
    h("fieldset", { class: "choices" }, h("legend", {}, "Money"),
      way("paper", "Paper", "Orders are filled by Tenure itself, at market prices. Nothing leaves it, nothing can be lost."),
      way("live", "Live money", allowed("live")
        ? "Orders go to the exchange, and are paid with real money."
        : "Not available: this cluster takes no live strategies.")),
    h("div", { class: "fields" },
      field("symbol", "Symbol", symbol, {
        hint: "As the exchange calls it.",
        check: (text) => (/^[A-Za-z0-9._-]{1,20}$/.test(text) ? null : text ? "has one to twenty letters, digits, “-”, “_” or “.”" : "is missing"),
      }),
      field("mode", "Mode", mode), field("interval", "Candles", interval), field("exchange", "Exchange", exchange)),
    modeHint,
    h("fieldset", {}, h("legend", {}, "Parameters"), parameters),
    h("fieldset", {}, h("legend", {}, "Limits"),
      h("p", { class: "quiet" }, "Beyond them nothing is opened; what is held can always be sold. Empty: no limit."),
      h("div", { class: "fields" }, ...limits.map((limit) => field(`limits.${limit.name}`, limit.title, limit.control, {
        hint: limit.hint, unit: limit.unit, check: (text) => (text === "" ? null : limit.pattern.test(text) && Number(text) > 0 ? null : limit.wrong),
      })))),
    problems, summary,
    h("p", { class: "actions" }, button));

  // MARK: Parameters

  let schema = {};
  function showMode() {
    const chosen = choices.modes.find((one) => one.name === mode.value);
    setText(modeHint, chosen.summary);
    schema = chosen.parameters.properties ?? {};
    for (const name of fields.keys()) if (name.startsWith("config.")) fields.delete(name);
    const names = Object.keys(schema).sort((left, right) => schema[left]["x-order"] - schema[right]["x-order"]);
    parameters.replaceChildren(...names.map((name) => field(`config.${name}`, name.replaceAll("_", " "), control(schema[name]), {
      hint: schema[name].description,
      unit: schema[name]["x-kind"] === "percent" ? "%" : schema[name]["x-unit"] ?? "",
      check: (text) => wrongWith(schema[name], text),
    })));
    update();
  }

  function control(property) {
    if (property.enum) {
      const element = h("select", {}, ...options(property.enum));
      element.value = property.default;
      return element;
    }
    if (property.type === "boolean") {
      const element = h("select", {}, ...options(["true", "false"]));
      element.value = String(property.default);
      return element;
    }
    return h("input", { type: "text", inputmode: property.type === "integer" ? "numeric" : "decimal", autocomplete: "off", value: String(property.default) });
  }

  function config() {
    return Object.fromEntries(Object.entries(schema).map(([name, property]) => {
      const text = value(fields.get(`config.${name}`).control);
      if (property.type === "integer") return [name, Number(text)];
      if (property.type === "boolean") return [name, text === "true"];
      return [name, text];
    }));
  }

  // MARK: Starting

  const execution = () => new FormData(form).get("execution") ?? "paper";

  function update() {
    const isLive = execution() === "live";
    form.dataset.execution = execution();
    const market = value(symbol).toUpperCase() || "…";
    setText(button, isLive ? "Start with live money" : "Start on paper");
    button.classList.toggle("danger", isLive);
    button.classList.toggle("primary", !isLive);
    setText(summary, `${mode.value} will trade ${market} on ${interval.value} candles of ${exchange.value}, ${isLive ? "with live money" : "on paper"}.`);
  }
  form.addEventListener("change", update);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problems.hidden = true;
    const wrong = [...fields.values()].filter((one) => one.judge());
    if (wrong.length) { wrong[0].control.focus(); return; }
    const order = {
      symbol: value(symbol).toUpperCase(), mode: mode.value, interval: interval.value, exchange: exchange.value,
      execution: execution(), config: config(),
      limits: Object.fromEntries(limits.filter((limit) => value(limit.control) !== "").map((limit) =>
        [limit.name, limit.unit ? value(limit.control) : Number(value(limit.control))])),
    };
    if (order.execution === "live" && !await ask({
      title: `Trade ${order.symbol} with live money?`, kind: "bad", confirm: "Start with live money", phrase: `live ${order.symbol}`,
      lines: [`From now on ${order.mode} buys and sells ${order.symbol} on ${order.exchange} by itself, and what it loses is lost.`] })) return;
    button.disabled = true;
    try {
      const started = await post("/api/live-strategy/start", order);
      note(`${started.symbol} ${started.status === "running" ? "runs" : `is ${started.status}`}.`);
      location.hash = `#/strategy/${started.id}`;
    } catch (error) {
      refuse(error);
    } finally {
      button.disabled = false;
    }
  });

  function refuse(error) {
    const general = error.errors.filter(({ field: name, message }) => {
      fields.get(name)?.judge(message);
      return !fields.has(name);
    });
    const first = error.errors.map(({ field: name }) => fields.get(name)).find(Boolean);
    const lines = [error.errors.length && first ? "Nothing was started; what is wrong is said beside the fields." : error.message];
    problems.replaceChildren(...lines.map((line) => h("p", {}, line)),
      ...general.map(({ field: name, message }) => h("p", {}, `${name} ${message}`)),
      ...(error.strategy ? [h("p", {}, h("a", { href: `#/strategy/${error.strategy.id}` }, `Look at ${error.strategy.symbol}`))] : []));
    problems.hidden = false;
    first?.control.focus();
  }

  mode.addEventListener("change", showMode);
  showMode();
  return form;
}

/** The same rules as the server's, said as one types; the server has the last word, and knows what holds between fields. */
function wrongWith(property, text) {
  if (property.enum || property.type === "boolean") return null;
  if (text === "") return "is missing";
  if (property.type === "integer" ? !/^[+-]?\d+$/.test(text) : !new RegExp(property.pattern).test(text)) {
    return property.type === "integer" ? `must be a whole number, like ${property.default}` : `must be a decimal number, like ${property.default}`;
  }
  const number = Number(text);
  if (property.minimum !== undefined && number < property.minimum) return `must be at least ${property.minimum}`;
  if (property.maximum !== undefined && number > property.maximum) return `must be at most ${property.maximum}`;
  if (property.exclusiveMinimum !== undefined && number <= property.exclusiveMinimum) return `must be greater than ${property.exclusiveMinimum}`;
  if (property.exclusiveMaximum !== undefined && number >= property.exclusiveMaximum) return `must be less than ${property.exclusiveMaximum}`;
  return null;
}
