// What runs, where; what is at risk; what moved and why.

import { get, post } from "./api.js";
import { ask } from "./dialog.js";
import { h, keyed, note, setAttribute, setText } from "./dom.js";
import { age, count, dateTime, money, percent, sentence, setClock, signed, tone, weight, when } from "./format.js";

const troubles = ["failed", "quarantined", "orphaned", "suspended"];
/** What moves or ends something: with the trades between them they could not be seen. */
const telling = ["started", "paused", "resumed", "stopped", "failed", "quarantined", "orphaned", "fenced", "claimed", "restored",
  "handed_over", "drain_requested", "stop_requested", "halted", "unhalted", "limit_reached"];
const order = ["running", "paused", "starting", "stopping", ...troubles];
/** Strategies shown on the cards, the largest positions first. */
const shown = 200;
/** And on one of them. */
const most = 30;

export function overview({ refresh }) {
  const books = h("div", { class: "books" });
  const statuses = h("ul", { class: "statuses", "aria-label": "Strategies by status" });
  const trouble = h("ul", { class: "trouble" });
  const attention = h("section", { class: "panel attention", "aria-labelledby": "attention", hidden: true },
    h("h2", { id: "attention" }, "Needs attention"), trouble);
  const cards = h("div", { class: "cards" });
  const gone = h("ul", { class: "gone" });
  const past = h("details", { class: "past", hidden: true }, h("summary", {}), gone);
  const lead = h("p", { class: "quiet" });
  const events = h("ol", { class: "events" });
  const quiet = h("p", { class: "quiet", hidden: true }, "Nothing happened yet.");
  const fills = h("ol", { class: "events" });
  const lately = h("section", { class: "panel", "aria-labelledby": "lately", hidden: true }, h("h2", { id: "lately" }, "Latest fills"), fills);
  const nothing = h("p", { class: "empty", hidden: true },
    "No strategy is active. ", h("a", { class: "trader", href: "#/start" }, "Start one on paper: nothing can be lost."));
  let names = new Map();
  let hosts = new Map();
  const happened = [];
  const trades = [];
  let isTold = false;

  const element = h("div", { class: "view overview" },
    h("h1", { class: "hidden" }, "Overview"),
    h("section", { "aria-label": "Money" }, books),
    statuses,
    nothing,
    attention,
    h("div", { class: "split" },
      h("section", { "aria-labelledby": "replicas" }, h("div", { class: "heading" }, h("h2", { id: "replicas" }, "Replicas"), lead), cards, past),
      h("div", {},
        h("section", { class: "panel", "aria-labelledby": "newest" },
          h("div", { class: "heading" }, h("h2", { id: "newest" }, "Newest events"), h("a", { href: "#/events" }, "All events")), events, quiet),
        lately)));

  async function load() {
    const [totals, replicas, strategies] = await Promise.all([
      get("/api/overview"), get("/api/replicas"),
      get("/api/strategies", { sort: "exposure", descending: true, limit: shown }),
    ]);
    await loadEvents();
    setClock(totals.at);
    names = new Map(strategies.items.map((strategy) => [strategy.id, strategy.symbol]));
    hosts = new Map(replicas.items.map((replica) => [replica.id, replica.name]));
    showBooks(books, totals.books);
    showStatuses(statuses, totals.statuses);
    nothing.hidden = strategies.total > 0;
    await showTrouble(totals.statuses);
    showReplicas(replicas.items, strategies);
    showEvents();
  }

  /** Asked for once: what happens from then on is told. */
  async function loadEvents() {
    if (isTold) return;
    const pages = await Promise.all([get("/api/events", { limit: 14, kinds: telling.join() }), get("/api/events", { limit: 8, kinds: "fill" })]);
    isTold = true;
    for (const event of pages.flatMap((page) => page.items)) add(event);
  }

  function add(event) {
    const [list, length] = event.kind === "fill" ? [trades, 8] : telling.includes(event.kind) ? [happened, 14] : [null, 0];
    if (!list || list.some((other) => other.id === event.id)) return;
    list.push(event);
    list.sort((left, right) => right.id - left.id).splice(length);
  }

  function showEvents() {
    const update = (item, event) => setText(item.lastChild, sentence(event, names, hosts));
    keyed(events, happened, (event) => event.id, eventItem, update);
    keyed(fills, trades, (event) => event.id, eventItem, update);
    lately.hidden = trades.length === 0;
    quiet.hidden = happened.length > 0;
  }

  async function showTrouble(counts) {
    const kinds = troubles.filter((status) => counts[status] > 0);
    const pages = await Promise.all(kinds.map((status) => get("/api/strategies", { status, sort: "exposure", descending: true, limit: 4 })));
    attention.hidden = kinds.length === 0;
    keyed(trouble, pages.flatMap((page) => page.items), (strategy) => strategy.id,
      () => h("li", {}, h("a", {}), " ", h("span", { class: "pill" }), " ", h("span", { class: "why" })),
      (item, strategy) => {
        const [link, pill, why] = item.children;
        setAttribute(link, "href", `#/strategy/${strategy.id}`);
        setText(link, strategy.symbol);
        setAttribute(pill, "data-status", strategy.status);
        setText(pill, strategy.status);
        const held = Number(strategy.exposure) ? `holds ${money(strategy.exposure)}; ` : "";
        setText(why, held + (strategy.last_error ?? unexplained[strategy.status]));
      });
  }

  function showReplicas(replicas, strategies) {
    const living = replicas.filter((replica) => replica.status !== "fenced")
      .sort((left, right) => left.name.localeCompare(right.name, "en", { numeric: true }));
    const dead = replicas.filter((replica) => replica.status === "fenced");
    const owned = Map.groupBy(strategies.items, (strategy) => strategy.owner?.id ?? null);
    const all = living.map((replica) => ({ key: replica.id, replica, strategies: owned.get(replica.id) ?? [] }));
    if (owned.has(null)) all.push({ key: "nobody", replica: null, strategies: owned.get(null) });
    const restless = !matchMedia("(prefers-reduced-motion: reduce)").matches && !document.hidden;
    const before = restless ? places(cards) : new Map();
    keyed(cards, all, (card) => card.key, makeCard, updateCard);
    if (restless) move(cards, before);
    setText(lead, strategies.total > shown
      ? `${living.length} alive · of ${count(strategies.total)} strategies those with most at stake are shown`
      : `${living.length} alive`);
    past.hidden = dead.length === 0;
    setText(past.firstChild, `${dead.length} gone during the last hour`);
    keyed(gone, dead.slice(0, 10), (replica) => replica.id,
      (replica) => h("li", {}, `${replica.name} (${replica.id}): ${replica.fenced_reason ?? "left"}, ${dateTime(replica.fenced_at)}`), () => {});
  }

  function makeCard({ replica }) {
    const chips = h("ul", { class: "chips", "aria-label": replica ? `Strategies on ${replica.name}` : "Strategies without an owner" });
    const more = h("a", { class: "more", href: replica ? `#/strategies?owner=${replica.id}` : "#/strategies?status=orphaned" });
    if (!replica) {
      const card = h("article", { class: "card nobody" }, h("h3", {}, "Without an owner"), chips, more);
      card.parts = { chips, more };
      return card;
    }
    const parts = {
      chips,
      more,
      status: h("span", { class: "pill" }),
      load: h("b"),
      share: h("span", { class: "quiet" }),
      rest: h("span", { class: "quiet facts" }),
      lease: h("meter", { min: "0", max: "1", "aria-label": `Lease of ${replica.name}` }),
      leaseText: h("span", { class: "lease" }),
      drain: h("button", { type: "button", class: "small admin", onclick: () => drain(replica) }, "Drain …"),
    };
    const card = h("article", { class: "card", "data-replica": replica.name },
      h("header", {}, h("h3", {}, replica.name), parts.status),
      h("p", { class: "load" }, parts.load, parts.share),
      h("p", { class: "leases" }, parts.lease, parts.leaseText),
      chips, more,
      h("footer", {}, parts.rest, parts.drain));
    card.parts = parts;
    return card;
  }

  function updateCard(card, { replica, strategies }) {
    const { parts } = card;
    const left = (replica?.load ?? strategies.length) - Math.min(most, strategies.length);
    parts.more.hidden = left <= 0;
    setText(parts.more, `${count(left)} more`);
    if (replica) {
      setAttribute(parts.status, "data-status", replica.status);
      setText(parts.status, replica.status);
      setText(parts.load, count(replica.load));
      setText(parts.share, `${replica.load === 1 ? " strategy" : " strategies"} · ${percent(replica.load / replica.capacity)} of capacity`);
      const ttl = Date.parse(replica.lease_expires_at) - Date.parse(replica.heartbeat_at);
      const share = Math.max(0, Math.min(1, replica.lease_remaining_ms / ttl));
      parts.lease.value = share;
      parts.lease.low = 0.35;
      parts.lease.high = 0.6;
      parts.lease.optimum = 1;
      setText(parts.leaseText, replica.lease_remaining_ms > 0 ? `lease ${(replica.lease_remaining_ms / 1000).toFixed(1)} s` : "lease expired");
      setText(parts.rest, `id ${replica.id} · pid ${replica.pid} · ${replica.version} · up ${age(replica.started_at)}`);
      setAttribute(parts.rest, "title", `${replica.host}, since ${dateTime(replica.started_at)}, ${replica.shards} shards`);
      parts.drain.disabled = replica.status !== "live";
    }
    const sorted = strategies.slice(0, most).toSorted((left, right) => left.symbol.localeCompare(right.symbol));
    keyed(parts.chips, sorted, (strategy) => strategy.id,
      (strategy) => h("li", { "data-id": String(strategy.id) }, h("a", { class: "chip", href: `#/strategy/${strategy.id}` })),
      (item, strategy) => {
        const chip = item.firstChild;
        setText(chip, strategy.symbol);
        setAttribute(chip, "data-status", strategy.status);
        setAttribute(chip, "data-execution", strategy.execution);
        setAttribute(chip, "title", `${strategy.strategy_type}, ${strategy.status}, ${strategy.execution}; pnl ${signed(strategy.pnl)}, holds ${money(strategy.exposure)}`);
      });
  }

  async function drain(replica) {
    const answer = await ask({
      title: `Drain ${replica.name}?`,
      lines: [
        `${replica.name} hands its ${count(replica.load)} strategies to the other replicas, one settled point after the other, and ends.`,
        "Nothing is stopped or sold. It does not come back by itself unless something starts it again.",
      ],
      confirm: `Drain ${replica.name}`, kind: "bad", phrase: replica.name,
    });
    if (!answer) return;
    try {
      await post(`/api/replicas/${replica.id}/drain`);
      note(`${replica.name} hands over.`);
    } catch (error) { note(error.message, "bad"); }
    refresh();
  }

  return { title: "Overview", element, refresh: load, event: add };
}

const unexplained = {
  failed: "gave up",
  quarantined: "seems to kill its hosts; resume tries again",
  orphaned: "nobody owns it: it runs nowhere at this moment",
  suspended: "its owner has lost touch with the database",
};

function eventItem(event) {
  return h("li", { "data-weight": weight(event.kind) }, h("time", { datetime: event.at }, when(event.at)), h("span"));
}

// MARK: Money

const figures = [
  ["exposure", "Open exposure", money],
  ["pnl_today", "Today", signed],
  ["unrealized_pnl", "Unrealised", signed],
  ["pnl", "Realised, net of fees", signed],
  ["fees", "Fees", money],
];

function showBooks(parent, books) {
  const sorted = books.toSorted((left, right) => left.execution.localeCompare(right.execution));
  keyed(parent, sorted, (book) => book.execution,
    (book) => {
      const parts = {};
      const items = figures.map(([name, title]) => h("div", { class: "figure" }, h("dt", {}, title), parts[name] = h("dd")));
      items.push(h("div", { class: "figure" }, h("dt", {}, "Holding"), parts.holding = h("dd")));
      items.push(h("div", { class: "figure" }, h("dt", {}, "Orders under way"), parts.orders = h("dd")));
      const element = h("div", { class: "book", "data-execution": book.execution },
        h("p", { class: "which" }, book.execution === "live" ? "Live money" : "Paper"), h("dl", {}, ...items));
      element.parts = parts;
      return element;
    },
    (element, book) => {
      const { parts } = element;
      for (const [name, , format] of figures) {
        setText(parts[name], format(book[name]));
        setAttribute(parts[name], "title", book[name]);
        if (format === signed) setAttribute(parts[name], "class", tone(book[name]));
      }
      setText(parts.holding, `${count(book.holding)} of ${count(book.strategies)}`);
      setText(parts.orders, count(book.orders_under_way));
    });
}

function showStatuses(parent, counts) {
  const present = order.filter((status) => counts[status] > 0);
  keyed(parent, present, (status) => status,
    (status) => h("li", {}, h("a", { class: "status", "data-status": status, href: `#/strategies?status=${status}` }, h("b"), ` ${status}`)),
    (item, status) => setText(item.firstChild.firstChild, count(counts[status])));
}

// MARK: Strategies that move from one card to another are seen to do so

function places(cards) {
  const found = new Map();
  for (const item of cards.querySelectorAll("li[data-id]")) {
    found.set(item.dataset.id, { card: item.closest(".card"), box: item.getBoundingClientRect() });
  }
  return found;
}

function move(cards, before) {
  for (const item of cards.querySelectorAll("li[data-id]")) {
    const old = before.get(item.dataset.id);
    if (!old || old.card === item.closest(".card")) continue;
    const box = item.getBoundingClientRect();
    item.animate(
      [{ transform: `translate(${old.box.left - box.left}px, ${old.box.top - box.top}px)`, zIndex: 2 }, { transform: "none", zIndex: 2 }],
      { duration: 700, easing: "cubic-bezier(.2,.7,.2,1)" });
    item.firstChild.classList.add("moved");
    setTimeout(() => item.firstChild?.classList.remove("moved"), 6000);
  }
}

