// One strategy: what it did, what it holds, who ran it when.

import { actions } from "./actions.js";
import { get } from "./api.js";
import { chart } from "./chart.js";
import { decimal } from "./decimal.js";
import { h, keyed, setAttribute, setText } from "./dom.js";
import { equity } from "./equity.js";
import { age, count, dateTime, exact, milliseconds, money, plain, signed, tone, when } from "./format.js";
import { trail } from "./trail.js";

/** Candles that are kept, and shown where there is room. */
const kept = 400;

const names = [
  ["exposure", "Exposure", money], ["position", "Position", exact], ["unrealized_pnl", "Unrealised", signed],
  ["pnl_today", "Today", signed], ["pnl", "Realised, net", signed], ["fees", "Fees", money],
];

export function strategy({ argument, refresh }) {
  const path = `/api/live-strategy/${encodeURIComponent(argument ?? "")}`;
  const picture = chart();
  const worth = equity();
  const past = trail(path);
  const deeds = actions(() => { isNews = true; refresh(); });
  const title = h("h1");
  const pill = h("span", { class: "pill" });
  const badge = h("span", { class: "execution" });
  const about = h("p", { class: "quiet about" });
  const failure = h("pre", { class: "panel failure", hidden: true, tabindex: "0", role: "region", "aria-label": "Last error" });
  const limited = h("p", { class: "panel limited", hidden: true });
  const pending = h("p", { class: "panel pending", role: "status", hidden: true });

  const figures = {};
  const figure = (name, text) => h("div", { class: "figure" }, h("dt", {}, text), figures[name] = h("dd"));
  const summary = h("dl", { class: "figures" },
    ...names.map(([name, text]) => figure(name, text)),
    figure("trades", "Trades"), figure("candles", "Candles"), figure("last", "Last candle"), figure("restores", "Taken over"));

  const parameters = h("dl", { class: "parameters" });
  const state = h("pre", { class: "state", tabindex: "0", role: "region", "aria-label": "State in full" });
  const limits = h("dl", { class: "parameters" });
  const unlimited = h("p", { class: "quiet" }, "None: it risks whatever its parameters say.");
  const chartNote = h("p", { class: "quiet", hidden: true });

  const box = (id, text, ...content) => h("section", { class: "panel", "aria-labelledby": id }, h("h2", { id }, text), ...content);
  const stateBox = box("state", "State", h("p", { class: "quiet" }, "What the mode keeps from one candle to the next."), state);
  const limitBox = box("limits", "Limits", limits, unlimited);
  const content = h("div", {},
    h("div", { class: "heading" }, title, badge, pill, h("span", { class: "grow" }), deeds.element),
    about, failure, limited, pending, summary,
    h("div", { class: "depth" },
      h("div", {},
        h("section", { class: "panel", "aria-label": "Chart" }, picture.element, chartNote),
        worth.element,
        box("fills", "Fills", past.tables.fills),
        box("orders", "Orders", past.tables.orders)),
      h("div", {},
        box("owners", "Who ran it", past.owners),
        box("parameters", "Parameters", parameters),
        limitBox,
        stateBox,
        box("events", "Events", past.events))));
  const missing = h("p", { class: "empty", hidden: true });
  const element = h("div", { class: "view strategy" }, missing, content);

  let current = null;
  let candles = [];
  let seen = { candles: null, trail: null };
  let isNews = true;
  let notBefore = 0;

  async function load() {
    current = await get(path);
    missing.hidden = true;
    content.hidden = false;
    document.title = `${current.symbol} ${current.status} · Tenure`;
    head();
    const mark = [current.status, current.epoch, current.trades_count, current.last_error].join();
    const work = [];
    if (isNews || mark !== seen.trail) {
      isNews = false;
      work.push(past.load(current).then(() => { seen.trail = mark; }));
    } else {
      past.refreshAges();
    }
    if (current.candles !== seen.candles && Date.now() > notBefore) work.push(loadCandles());
    await Promise.all(work);
    draw();
  }

  function head() {
    const isActive = current.status !== "stopped";
    setText(title, current.symbol);
    setText(badge, current.execution === "live" ? "Live money" : "Paper");
    setAttribute(badge, "data-execution", current.execution);
    setText(pill, current.status);
    setAttribute(pill, "data-status", current.status);
    const owner = current.owner ? ` · on ${current.owner.name}` : "";
    setText(about, isActive
      ? `${current.strategy_type} on ${current.interval} candles, ${current.exchange}${owner} · since ${dateTime(current.started_at)} (${age(current.started_at)})`
      : `${current.strategy_type} on ${current.interval} candles, ${current.exchange} · ${dateTime(current.started_at)} to ${dateTime(current.stopped_at)} · ${current.reason}`);
    setText(failure, current.last_error ?? "");
    failure.hidden = !current.last_error;
    const reached = current.limit_reached;
    limited.hidden = !reached;
    if (reached) setText(limited, `It opens nothing: ${reached.reason} (${reached.limit.replaceAll("_", " ")}).`);
    // A version of zero is one that has not run yet.
    const isChanging = current.applied_version > 0 && current.version !== current.applied_version;
    pending.hidden = !isActive || !(isChanging || current.closing);
    setText(pending, current.closing ? "Its position is being closed." : "Its parameters or limits were changed: applied from the next candle.");
    limitBox.hidden = !isActive;
    stateBox.hidden = !current.state;
    setText(state, JSON.stringify(current.state, null, 1) ?? "");
    unlimited.hidden = Object.keys(current.limits ?? {}).length > 0;
    pairs(limits, current.limits ?? {});
    pairs(parameters, current.config);
    deeds.set(current);

    for (const [name, , format] of names) {
      const value = current[name];
      setText(figures[name], value === undefined ? "–" : format(value));
      setAttribute(figures[name], "title", value ?? "");
      if (format === signed) setAttribute(figures[name], "class", tone(value ?? 0));
    }
    setText(figures.trades, count(current.trades_count));
    setText(figures.candles, count(current.candles));
    setText(figures.last, isActive ? age(current.last_candle) : when(current.last_candle ?? current.stopped_at));
    setAttribute(figures.last, "title", dateTime(current.last_candle));
    setText(figures.restores, `${count(current.restores)} ×`);
  }

  function pairs(list, values) {
    keyed(list, Object.entries(values).sort(([left], [right]) => left.localeCompare(right)), ([name]) => name,
      ([name]) => h("div", {}, h("dt", {}, name.replaceAll("_", " ")), h("dd")),
      (item, [, value]) => setText(item.lastChild, plain(value)));
  }

  async function loadCandles() {
    const asked = current.candles;
    const since = candles.length ? new Date(candles.at(-1).time).toISOString() : undefined;
    try {
      const page = await get(`${path}/candles`, { since, limit: kept });
      const fresh = page.items.map((candle) => ({
        time: Date.parse(candle.open_time), open: Number(candle.open), high: Number(candle.high), low: Number(candle.low),
        close: Number(candle.close), exactClose: decimal(candle.close),
      }));
      // After a long silence there is a hole before the fresh ones: they alone are shown then.
      const follows = candles.length && fresh.length && fresh[0].time - candles.at(-1).time <= milliseconds(current.interval);
      candles = (follows || !fresh.length ? [...candles, ...fresh] : fresh).slice(-kept);
      seen.candles = asked;
      chartNote.hidden = true;
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      // The exchange counts requests: it is not asked every second for what it does not give.
      notBefore = Date.now() + 10000;
      setText(chartNote, problem.message);
      chartNote.hidden = false;
    }
  }

  function draw() {
    const fills = past.fills.items;
    const held = Number(current.position);
    const lines = [];
    if (held > 0 && current.exposure !== undefined) {
      const entry = (Number(current.exposure) - Number(current.unrealized_pnl)) / held;
      const bought = fills.findLast((fill) => fill.side === "buy");
      lines.push({ price: entry, title: `${exact(current.position)} at ${money(entry)}`, color: "accent", from: bought?.time });
      const { stop_loss_percent: loss, take_profit_percent: profit } = current.config;
      if (loss) lines.push({ price: entry * (1 - Number(loss) / 100), title: "stop-loss", color: "loss", dash: true, from: bought?.time });
      if (profit) lines.push({ price: entry * (1 + Number(profit) / 100), title: "take-profit", color: "gain", dash: true, from: bought?.time });
    }
    const last = candles.at(-1);
    picture.set({
      candles, fills, lines, interval: milliseconds(current.interval),
      label: last
        ? `${candles.length} candles of ${current.symbol}, the last one closed at ${exact(last.close)}; ${fills.length} trades; profit and loss ${signed(current.pnl)}`
        : "No candles yet",
    });
    worth.set(current, past.fills, candles);
    picture.element.dataset.candles = candles.length;
    picture.element.dataset.last = last?.time ?? "";
    picture.element.dataset.fills = fills.length;
  }

  return {
    title: "Strategy", element, refresh: load,
    event: (event) => { if (event.strategy_id === current?.id || ["claimed", "restored", "fenced", "handed_over"].includes(event.kind)) isNews = true; },
    wants: (event) => event.strategy_id === current?.id || !event.strategy_id,
    refused: (problem) => {
      content.hidden = true;
      missing.hidden = false;
      setText(missing, problem.message);
    },
    leave: () => { picture.end(); worth.end(); },
  };
}
