// One strategy: what it did, what it holds, who ran it when.

import { get, post } from "./api.js";
import { chart, equity } from "./chart.js";
import { ask, stopFields } from "./dialog.js";
import { h, keyed, note, setAttribute, setText, table } from "./dom.js";
import { age, count, dateTime, duration, exact, money, sentence, signed, tone, weight, when } from "./format.js";

const units = { s: 1000, m: 60000, h: 3600000, d: 86400000, w: 604800000 };
const milliseconds = (interval) => parseInt(interval, 10) * units[interval.at(-1)];
/** Candles that are kept, and shown where there is room. */
const kept = 400;

export function strategy({ argument, refresh }) {
  const path = `/api/live-strategy/${encodeURIComponent(argument ?? "")}`;
  const picture = chart();
  const title = h("h1");
  const pill = h("span", { class: "pill" });
  const badge = h("span", { class: "execution" });
  const about = h("p", { class: "quiet about" });
  const failure = h("pre", { class: "panel failure", hidden: true, tabindex: "0", role: "region", "aria-label": "Last error" });
  const pause = h("button", { type: "button", onclick: () => setPaused(current.status === "paused" ? false : true) });
  const retry = h("button", { type: "button", onclick: () => setPaused(false), hidden: true }, "Start again");
  const end = h("button", { type: "button", class: "danger", onclick: stop }, "Stop …");
  const limited = h("p", { class: "panel limited", hidden: true });
  const buttons = h("p", { class: "actions trader", hidden: true }, retry, pause, end);

  const figures = {};
  const figure = (name, text) => h("div", { class: "figure" }, h("dt", {}, text), figures[name] = h("dd"));
  const summary = h("dl", { class: "figures" },
    figure("exposure", "Exposure"), figure("position", "Position"), figure("unrealized", "Unrealised"),
    figure("today", "Today"), figure("pnl", "Realised, net of fees"), figure("fees", "Fees"), figure("trades", "Trades"),
    figure("candles", "Candles"), figure("last", "Last candle"), figure("restores", "Taken over"));

  const orders = h("tbody");
  const fills = h("tbody");
  const owners = h("ol", { class: "timeline" });
  const events = h("ol", { class: "events", tabindex: "0", "aria-labelledby": "events" });
  const parameters = h("dl", { class: "parameters" });
  const limits = h("dl", { class: "parameters" });
  const unlimited = h("p", { class: "quiet" }, "None: it risks whatever its parameters say.");
  const chartNote = h("p", { class: "quiet", hidden: true });

  const box = (id, text, ...content) => h("section", { class: "panel", "aria-labelledby": id }, h("h2", { id }, text), ...content);
  const limitBox = box("limits", "Limits", limits, unlimited);
  const number = (text) => ({ title: text, class: "number" });
  const content = h("div", {},
    h("div", { class: "heading" }, title, badge, pill, h("span", { class: "grow" }), buttons),
    about, failure, limited, summary,
    h("div", { class: "depth" },
      h("div", {},
        h("section", { class: "panel", "aria-label": "Chart" }, picture.element, chartNote),
        box("fills", "Fills", table("Table of fills", ["Time", "Side", number("Quantity"), number("Price"), number("Fee")], fills)),
        box("orders", "Orders", table("Table of orders", ["Time", "Side", number("Quantity"), number("Filled"), "Why", "Status"], orders))),
      h("div", {},
        box("owners", "Who ran it", owners),
        box("parameters", "Parameters", parameters),
        limitBox,
        box("events", "Events", events))));
  const missing = h("p", { class: "empty", hidden: true });
  const element = h("div", { class: "view strategy" }, missing, content);

  let current = null;
  let candles = [];
  let trades = [];
  let seen = { candles: null, trail: null };
  let isNews = true;
  let notBefore = 0;

  async function load() {
    current = await get(path);
    missing.hidden = true;
    content.hidden = false;
    document.title = `${current.symbol} ${current.status} · Tenure`;
    head();
    const trail = [current.status, current.epoch, current.trades_count, current.last_error].join();
    const work = [];
    if (isNews || trail !== seen.trail) {
      isNews = false;
      work.push(loadTrail().then(() => { seen.trail = trail; }));
    } else {
      refreshAges();
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
    limitBox.hidden = !isActive;
    const given = Object.entries(current.limits ?? {});
    unlimited.hidden = given.length > 0;
    keyed(limits, given, ([name]) => name,
      ([name]) => h("div", {}, h("dt", {}, name.replaceAll("_", " ")), h("dd")),
      (item, [, value]) => setText(item.lastChild, String(value)));
    buttons.hidden = !isActive;
    const isDown = ["failed", "quarantined"].includes(current.status);
    retry.hidden = !isDown;
    pause.hidden = isDown;
    setText(pause, current.status === "paused" ? "Resume" : "Pause");
    pause.disabled = end.disabled = current.status === "stopping";

    const values = {
      exposure: current.exposure === undefined ? "–" : money(current.exposure), position: exact(current.position),
      unrealized: current.unrealized_pnl === undefined ? "–" : signed(current.unrealized_pnl),
      today: current.pnl_today === undefined ? "–" : signed(current.pnl_today),
      pnl: signed(current.pnl), fees: money(current.fees), trades: count(current.trades_count), candles: count(current.candles),
      last: isActive ? age(current.last_candle) : when(current.last_candle ?? current.stopped_at), restores: `${count(current.restores)} ×`,
    };
    for (const [name, text] of Object.entries(values)) setText(figures[name], text);
    setAttribute(figures.unrealized, "class", tone(current.unrealized_pnl ?? 0));
    setAttribute(figures.pnl, "class", tone(current.pnl));
    setAttribute(figures.today, "class", tone(current.pnl_today ?? 0));
    setAttribute(figures.last, "title", dateTime(current.last_candle));

    keyed(parameters, Object.entries(current.config), ([name]) => name,
      ([name]) => h("div", {}, h("dt", {}, name.replaceAll("_", " ")), h("dd")),
      (item, [, value]) => setText(item.lastChild, typeof value === "string" ? value : JSON.stringify(value)));
  }

  async function loadTrail() {
    const [ordersPage, fillsPage, eventsPage, ownership] = await Promise.all([
      get(`${path}/orders`, { limit: 100 }), get(`${path}/fills`, { limit: 500 }), get(`${path}/events`, { limit: 100 }),
      get(`${path}/ownership`, { limit: 100 }).catch(() => ({ items: [] })),
    ]);
    trades = fillsPage.items.map((fill) => ({
      time: Date.parse(fill.time), side: fill.side, price: Number(fill.price), quantity: Number(fill.quantity), fee: Number(fill.fee),
    }));
    rows(fills, fillsPage.items.slice(0, 100), (fill) => `${fill.trade_id}`, (fill) => [
      when(fill.time), fill.side, exact(fill.quantity), exact(fill.price), exact(fill.fee)], [2, 3, 4]);
    rows(orders, ordersPage.items, (order) => order.client_order_id, (order) => [
      when(order.created_at), order.side, exact(order.quantity), exact(order.filled_quantity), order.reason,
      order.status_reason ? `${order.status}: ${order.status_reason}` : order.status], [2, 3]);
    const names = new Map([[current.id, current.symbol]]);
    keyed(events, eventsPage.items, (event) => event.id,
      (event) => h("li", { "data-weight": weight(event.kind) }, h("time", { datetime: event.at, title: dateTime(event.at) }, when(event.at)), h("span", {}, sentence(event, names))),
      () => {});
    const isEarlier = (change) => Date.parse(change.at) < Date.parse(current.started_at);
    const changes = ownership.items.map((change, at) => ({
      ...change, until: at === 0 ? null : ownership.items[at - 1].at,
      // Who had the shard already when it started took nothing.
      ...(isEarlier(change) ? { at: current.started_at, reason: "started", previous_owner: null, fenced_reason: null, gap_ms: null } : {}),
    }));
    const first = changes.at(-1)?.previous_owner;
    if (first) changes.push({ epoch: changes.at(-1).epoch - 1, owner: first, at: current.started_at, reason: "started", until: changes.at(-1).at });
    if (!changes.length && current.owner) changes.push({ epoch: current.epoch, owner: current.owner, at: current.started_at, reason: "started", until: null });
    keyed(owners, changes, (change) => change.epoch, makeOwner, updateOwner);
    owners.changes = changes;
  }

  function rows(body, items, key, values, numbers) {
    keyed(body, items, key,
      (item) => h("tr", {}, ...values(item).map((text, at) => h("td", { class: numbers.includes(at) ? "number" : at === 1 ? text : null }))),
      (row, item) => values(item).forEach((text, at) => setText(row.children[at], text)));
    if (!items.length && !body.children.length) body.append(h("tr", {}, h("td", { colspan: "6", class: "quiet" }, "None yet.")));
    else if (items.length) body.querySelector("td[colspan]")?.parentElement.remove();
  }

  function makeOwner() {
    return h("li", {}, h("b"), h("span", { class: "quiet" }), h("span", { class: "why" }));
  }

  function updateOwner(item, change) {
    const [name, time, why] = item.children;
    setText(name, change.owner.name);
    const until = change.until ? Date.parse(change.until) - Date.parse(change.at) : null;
    setText(time, ` ${dateTime(change.at)} · ${until === null ? (current.status === "stopped" ? "" : `for ${age(change.at)}`) : `for ${duration(until)}`} · epoch ${change.epoch}`);
    const from = change.previous_owner ? ` from ${change.previous_owner.name || `replica ${change.previous_owner.id}`}` : "";
    const stood = change.gap_ms === null || change.gap_ms === undefined ? "" : `; stood still for ${duration(change.gap_ms)}`;
    setText(why, `${reasons[change.reason] ?? change.reason}${from}${change.fenced_reason ? ` (${change.fenced_reason})` : ""}${stood}`);
    item.classList.toggle("now", change.until === null && current.status !== "stopped");
  }

  function refreshAges() {
    for (const [at, change] of (owners.changes ?? []).entries()) if (owners.children[at]) updateOwner(owners.children[at], change);
  }

  async function loadCandles() {
    const asked = current.candles;
    const since = candles.length ? new Date(candles.at(-1).time).toISOString() : undefined;
    try {
      const page = await get(`${path}/candles`, { since, limit: kept });
      const fresh = page.items.map((candle) => ({
        time: Date.parse(candle.open_time), open: Number(candle.open), high: Number(candle.high), low: Number(candle.low), close: Number(candle.close),
      }));
      // After a long silence there is a hole before the fresh ones: they alone are shown then.
      const follows = candles.length && fresh.length && fresh[0].time - candles.at(-1).time <= milliseconds(current.interval);
      candles = (follows || !fresh.length ? [...candles, ...fresh] : fresh).slice(-kept);
      seen.candles = asked;
      chartNote.hidden = true;
    } catch (problem) {
      // The exchange counts requests: it is not asked every second for what it does not give.
      notBefore = Date.now() + 10000;
      setText(chartNote, problem.message);
      chartNote.hidden = false;
    }
  }

  function draw() {
    const held = Number(current.position);
    const lines = [];
    if (held > 0 && current.exposure !== undefined) {
      const entry = (Number(current.exposure) - Number(current.unrealized_pnl)) / held;
      const bought = trades.find((trade) => trade.side === "buy");
      lines.push({ price: entry, title: `${exact(current.position)} at ${money(String(entry))}`, color: "accent", from: bought?.time });
      const { stop_loss_percent: loss, take_profit_percent: profit } = current.config;
      if (loss) lines.push({ price: entry * (1 - Number(loss) / 100), title: "stop-loss", color: "loss", dash: true, from: bought?.time });
      if (profit) lines.push({ price: entry * (1 + Number(profit) / 100), title: "take-profit", color: "gain", dash: true, from: bought?.time });
    }
    const last = candles.at(-1);
    picture.set({
      candles, fills: trades, lines, interval: milliseconds(current.interval),
      equity: trades.length ? equity(candles, trades, Number(current.pnl)) : [],
      label: last
        ? `${candles.length} candles of ${current.symbol}, the last one closed at ${exact(last.close)}; ${trades.length} trades; profit and loss ${signed(current.pnl)}`
        : "No candles yet",
    });
    picture.element.dataset.candles = candles.length;
    picture.element.dataset.last = last?.time ?? "";
    picture.element.dataset.fills = trades.length;
  }

  // MARK: What can be done

  const market = () => ({ symbol: current.symbol, exchange: current.exchange });

  async function act(does, done) {
    try {
      await does();
      note(done);
    } catch (error) { note(error.message, "bad"); }
    isNews = true;
    refresh();
  }

  async function setPaused(paused) {
    const { symbol } = current;
    if (!paused && current.execution === "live" && !await ask({
      title: `Resume ${symbol}?`, lines: ["It may open positions with live money again."], confirm: "Resume", phrase: symbol })) return;
    await act(() => post(`/api/live-strategy/${paused ? "pause" : "resume"}`, market()),
      paused ? `${symbol} opens no new positions.` : `${symbol} may trade again.`);
  }

  async function stop() {
    const { symbol } = current;
    const held = Number(current.position);
    const answer = await ask({
      title: `Stop ${symbol}?`, confirm: `Stop ${symbol}`, kind: "bad",
      lines: [
        `${symbol} ends and moves to the history, with ${count(current.trades_count)} trades and ${signed(current.pnl)}.`,
        held ? `It holds ${exact(current.position)}, worth ${money(current.exposure)}${current.execution === "live" ? ", of live money" : " on paper"}.` : "It holds nothing.",
      ],
      fields: stopFields(),
      phrase: (form) => (form.get("positions") === "close" ? `sell ${symbol}` : current.execution === "live" ? `stop ${symbol}` : null),
    });
    if (!answer) return;
    await act(() => post("/api/live-strategy/stop", { ...market(), reason: answer.get("reason"), positions: answer.get("positions") }), `${symbol} is stopped.`);
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
    leave: () => picture.end(),
  };
}

const reasons = {
  crash: "taken over", drain: "handed over, its owner left", rebalance: "handed over, to share the load",
  handover: "handed over", vacant: "taken, nobody had it", started: "since it started",
};
