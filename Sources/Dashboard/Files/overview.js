// What runs, where; what is at risk; what moved and why.

import { get } from "./api.js";
import { h, keyed, setAttribute, setText } from "./dom.js";
import { exposure } from "./exposure.js";
import { count, money, sentence, setClock, signed, tone, weight, when } from "./format.js";
import { replicas } from "./replicas.js";

const troubles = ["failed", "quarantined", "orphaned", "suspended"];
/** What moves or ends something: with the trades between them they could not be seen. */
const telling = ["started", "paused", "resumed", "stopped", "failed", "quarantined", "orphaned", "fenced", "claimed", "restored",
  "handed_over", "drain_requested", "stop_requested", "halted", "unhalted", "limit_reached", "limit_set", "in_doubt", "order_refused", "change_refused", "entries_paused", "changed", "position_closed"];
const order = ["running", "paused", "starting", "stopping", ...troubles];
/** Strategies shown on the cards, the largest positions first. */
const shown = 60;

export function overview({ refresh }) {
  const books = h("div", { class: "books" });
  const statuses = h("ul", { class: "statuses", "aria-label": "Strategies by status" });
  const trouble = h("ul", { class: "trouble" });
  const attention = h("section", { class: "panel attention", "aria-labelledby": "attention", hidden: true },
    h("h2", { id: "attention" }, "Needs attention"), trouble);
  const limits = exposure();
  const cards = replicas(refresh);
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
    limits.element,
    h("div", { class: "split" },
      cards.element,
      h("div", {},
        h("section", { class: "panel", "aria-labelledby": "newest" },
          h("div", { class: "heading" }, h("h2", { id: "newest" }, "Newest events"), h("a", { href: "#/events" }, "All events")), events, quiet),
        lately)));

  async function load() {
    await Promise.all([loadStrategies(), get("/api/limits").then((answer) => limits.show(answer.exposure))]);
  }

  async function loadStrategies() {
    const [totals, members, strategies] = await Promise.all([
      get("/api/overview"), get("/api/replicas"),
      get("/api/strategies", { sort: "exposure", descending: true, limit: shown }),
      loadEvents(),
    ]);
    setClock(totals.at);
    names = new Map(strategies.items.map((strategy) => [strategy.id, strategy.symbol]));
    hosts = new Map(members.items.map((replica) => [replica.id, replica.name]));
    showBooks(books, totals.books);
    showStatuses(statuses, totals.statuses);
    nothing.hidden = strategies.total > 0;
    cards.show(members.items, strategies);
    showEvents();
    await showTrouble(totals.statuses);
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
      items.push(parts.doubt = h("div", { class: "figure doubt", hidden: true }, h("dt", {}, "Orders in doubt"), h("dd")));
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
      parts.doubt.hidden = !book.orders_in_doubt;
      setText(parts.doubt.lastChild, count(book.orders_in_doubt ?? 0));
    });
}

function showStatuses(parent, counts) {
  const present = order.filter((status) => counts[status] > 0);
  keyed(parent, present, (status) => status,
    (status) => h("li", {}, h("a", { class: "status", "data-status": status, href: `#/strategies?status=${status}` }, h("b"), ` ${status}`)),
    (item, status) => setText(item.firstChild.firstChild, count(counts[status])));
}
