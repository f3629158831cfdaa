// What a strategy left behind: orders, fills, events, and who ran it when.

import { get } from "./api.js";
import { h, keyed, setText, table } from "./dom.js";
import { age, dateTime, duration, exact, sentence, weight, when } from "./format.js";
import { Fills } from "./ledger.js";

export function trail(path) {
  const orders = h("tbody");
  const fillRows = h("tbody");
  const owners = h("ol", { class: "timeline" });
  const events = h("ol", { class: "events", tabindex: "0", "aria-labelledby": "events" });
  const number = (title) => ({ title, class: "number" });
  const fills = new Fills();
  let changes = [];
  let strategy = null;

  async function load(current) {
    strategy = current;
    const [ordersPage, eventsPage, ownership] = await Promise.all([
      get(`${path}/orders`, { limit: 100 }), get(`${path}/events`, { limit: 100 }),
      get(`${path}/ownership`, { limit: 100 }).catch(() => ({ items: [] })), fills.load(path),
    ]);
    rows(fillRows, fills.items.slice(-100).reverse().map((fill) => fill.shown), (fill) => fill.trade_id, (fill) => [
      when(fill.time), fill.side, exact(fill.quantity), exact(fill.price), exact(fill.fee)], [2, 3, 4]);
    rows(orders, ordersPage.items, (order) => order.client_order_id, (order) => [
      when(order.created_at), order.side, exact(order.quantity), exact(order.filled_quantity), order.reason,
      order.status_reason ? `${order.status}: ${order.status_reason}` : order.status], [2, 3]);
    const names = new Map([[current.id, current.symbol]]);
    keyed(events, eventsPage.items, (event) => event.id,
      (event) => h("li", { "data-weight": weight(event.kind) }, h("time", { datetime: event.at, title: dateTime(event.at) }, when(event.at)), h("span", {}, sentence(event, names))),
      () => {});
    changes = history(ownership.items);
    keyed(owners, changes, (change) => change.epoch, () => h("li", {}, h("b"), h("span", { class: "quiet" }), h("span", { class: "why" })), updateOwner);
  }

  function rows(body, items, key, values, numbers) {
    keyed(body, items, key,
      (item) => h("tr", {}, ...values(item).map((text, at) => h("td", { class: numbers.includes(at) ? "number" : at === 1 ? text : null }))),
      (row, item) => values(item).forEach((text, at) => setText(row.children[at], text)));
    if (!items.length && !body.children.length) body.append(h("tr", {}, h("td", { colspan: "6", class: "quiet" }, "None yet.")));
    else if (items.length) body.querySelector("td[colspan]")?.parentElement.remove();
  }

  /** Who owned it, latest first: the shard's owners, and the one that it started with. */
  function history(items) {
    const isEarlier = (change) => Date.parse(change.at) < Date.parse(strategy.started_at);
    const found = items.map((change, at) => ({
      ...change, until: at === 0 ? null : items[at - 1].at,
      // Who had the shard already when it started took nothing.
      ...(isEarlier(change) ? { at: strategy.started_at, reason: "started", previous_owner: null, fenced_reason: null, gap_ms: null } : {}),
    }));
    const first = found.at(-1)?.previous_owner;
    if (first) found.push({ epoch: found.at(-1).epoch - 1, owner: first, at: strategy.started_at, reason: "started", until: found.at(-1).at });
    if (!found.length && strategy.owner) found.push({ epoch: strategy.epoch, owner: strategy.owner, at: strategy.started_at, reason: "started", until: null });
    return found;
  }

  function updateOwner(item, change) {
    const [name, time, why] = item.children;
    setText(name, change.owner.name);
    const isStopped = strategy.status === "stopped";
    const until = change.until ? Date.parse(change.until) - Date.parse(change.at) : null;
    setText(time, ` ${dateTime(change.at)} · ${until === null ? (isStopped ? "" : `for ${age(change.at)}`) : `for ${duration(until)}`} · epoch ${change.epoch}`);
    const from = change.previous_owner ? ` from ${change.previous_owner.name || `replica ${change.previous_owner.id}`}` : "";
    const stood = change.gap_ms === null || change.gap_ms === undefined ? "" : `; stood still for ${duration(change.gap_ms)}`;
    setText(why, `${reasons[change.reason] ?? change.reason}${from}${change.fenced_reason ? ` (${change.fenced_reason})` : ""}${stood}`);
    item.classList.toggle("now", change.until === null && !isStopped);
  }

  return {
    fills, owners, events, load,
    tables: {
      fills: table("Table of fills", ["Time", "Side", number("Quantity"), number("Price"), number("Fee")], fillRows),
      orders: table("Table of orders", ["Time", "Side", number("Quantity"), number("Filled"), "Why", "Status"], orders),
    },
    refreshAges() { for (const [at, change] of changes.entries()) if (owners.children[at]) updateOwner(owners.children[at], change); },
  };
}

const reasons = {
  crash: "taken over", drain: "handed over, its owner left", rebalance: "handed over, to share the load",
  handover: "handed over", vacant: "taken, nobody had it", started: "since it started",
};
