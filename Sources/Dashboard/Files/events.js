// What happened, latest first, as it happens.

import { get } from "./api.js";
import { h, keyed, setText } from "./dom.js";
import { dateTime, sentence, timeOfDay, weight } from "./format.js";

const groups = [
  ["Life", ["started", "changed", "change_applied", "paused", "resumed", "close_requested", "position_closed", "stop_requested", "stopped"]],
  ["Trouble", ["failed", "quarantined", "orphaned", "fenced", "in_doubt", "order_refused", "change_refused", "entries_paused", "limit_reached", "halted", "unhalted"]],
  ["Moves", ["claimed", "restored", "handed_over", "drain_requested"]],
  ["Orders", ["order"]],
  ["Fills", ["fill"]],
];
/** Kept on the page, however long it is open. */
const most = 2000;

export function events({ query, refresh }) {
  const chosen = new Set(query.get("show")?.split(",") ?? groups.map(([name]) => name));
  let items = [];
  let cursor = null;
  let isStale = true;
  let isLoading = false;
  const names = new Map();
  const hosts = new Map();
  get("/api/replicas").then((answer) => { for (const replica of answer.items) hosts.set(replica.id, replica.name); draw(); }, () => {});

  const boxes = groups.map(([name]) => {
    const box = h("input", { type: "checkbox", checked: chosen.has(name), onchange: () => {
      box.checked ? chosen.add(name) : chosen.delete(name);
      history.replaceState(null, "", `#/events?show=${[...chosen].join(",")}`);
      isStale = true;
      refresh();
    } });
    return h("label", { class: "check" }, box, ` ${name}`);
  });
  const list = h("ol", { class: "events long" });
  const empty = h("p", { class: "empty", hidden: true }, "Nothing happened yet.");
  const more = h("button", { type: "button", hidden: true, onclick: older }, "Show older");
  const element = h("div", { class: "view log" },
    h("div", { class: "heading" }, h("h1", {}, "Events"), h("fieldset", { class: "filters checks" }, h("legend", { class: "hidden" }, "Kinds"), ...boxes)),
    h("section", { class: "panel", "aria-label": "Events" }, list, empty), h("p", { class: "actions" }, more));

  /** Nothing where all are wanted, so that a kind that is new is shown too. */
  const kinds = () => (chosen.size === groups.length ? undefined : groups.filter(([name]) => chosen.has(name)).flatMap(([, kinds]) => kinds).join(","));

  const page = (cursor) => (chosen.size ? get("/api/events", { kinds: kinds(), limit: 100, cursor }) : { items: [], next_cursor: null });

  async function load() {
    if (!isStale) return;
    isStale = false;
    const wanted = kinds();
    try {
      const answer = await page();
      if (wanted !== kinds()) return;
      cursor = answer.next_cursor;
      items = answer.items;
      items.kinds = wanted;
    } catch (error) {
      isStale = true;
      throw error;
    }
    draw();
  }

  async function older() {
    if (isLoading) return;
    isLoading = true;
    const wanted = items.kinds;
    try {
      const answer = await page(cursor);
      if (wanted === items.kinds) {
        items.push(...answer.items);
        cursor = answer.next_cursor;
        draw();
      }
    } catch { /* The button stays. */ }
    isLoading = false;
  }

  let due = null;
  /** Many at once are drawn once. */
  function later() {
    due ??= setTimeout(() => { due = null; draw(); }, 100);
  }

  function draw() {
    for (const event of items) if (event.details?.symbol) names.set(event.strategy_id, event.details.symbol);
    keyed(list, items, (event) => event.id, (event) => h("li", { "data-weight": weight(event.kind) },
      h("time", { datetime: event.at, title: timeOfDay(event.at) }, dateTime(event.at)),
      h("span", { class: "kind" }, event.kind.replaceAll("_", " ")),
      event.strategy_id ? h("a", { href: `#/strategy/${event.strategy_id}` }) : h("span")),
      (item, event) => setText(item.lastChild, sentence(event, names, hosts)));
    empty.hidden = items.length > 0;
    more.hidden = !cursor || items.length >= most;
  }

  return {
    title: "Events", element, refresh: load,
    wants: () => false,
    event: (event) => {
      const wanted = kinds();
      // While the first ones are on their way, what comes is among them or is asked for again.
      if (isStale || items.kinds !== wanted) { isStale = true; return; }
      if (!chosen.size || (wanted && !wanted.split(",").includes(event.kind)) || items.some((other) => other.id === event.id)) return;
      items.unshift(event);
      items.splice(most);
      later();
    },
  };
}
