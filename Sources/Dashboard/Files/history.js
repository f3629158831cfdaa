// What was stopped, and what it came to.

import { all, get } from "./api.js";
import { h, keyed, note, setText, table } from "./dom.js";
import { count, dateTime, duration, exact, money, signed, tone } from "./format.js";

const columns = ["id", "symbol", "exchange", "strategy_type", "interval", "execution", "started_at", "stopped_at", "reason",
  "pnl", "fees", "trades_count", "position", "candles", "restores", "last_candle"];

export function history({ refresh }) {
  let filter = {};
  let items = [];
  let cursor = null;
  let pages = 1;
  let isStale = true;

  const symbol = h("input", { type: "search", id: "history-symbol", placeholder: "Symbol", maxlength: "20", autocomplete: "off", spellcheck: "false", oninput: change });
  const mode = h("select", { id: "history-mode", onchange: change }, h("option", { value: "" }, "Any mode"));
  const since = h("input", { type: "date", id: "history-since", onchange: change });
  const until = h("input", { type: "date", id: "history-until", onchange: change });
  const label = (id, text) => h("label", { for: id }, text);
  const wrong = h("p", { class: "wrong", role: "alert" });
  const totals = h("p", { class: "quiet totals", role: "status" });
  const body = h("tbody");
  const empty = h("p", { class: "empty", hidden: true }, "Nothing was stopped yet, or nothing matches.");
  const more = h("button", { type: "button", hidden: true, onclick: () => { pages += 1; isStale = true; refresh(); } }, "Show more");
  const save = h("button", { type: "button", onclick: exportAll }, "Export CSV");
  get("/api/modes").then((answer) => mode.append(...answer.modes.map((one) => h("option", { value: one.name }, one.name))), () => {});

  let typing;
  function change() {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const name = symbol.value.trim().toUpperCase();
      const isName = name === "" || /^[A-Z0-9._-]{1,20}$/.test(name);
      setText(wrong, isName ? "" : "A symbol has one to twenty letters, digits, “-”, “_” or “.”, and is given in full.");
      if (!isName) return;
      // The days are the reader's own; the last one is included.
      const moment = (text, days) => {
        if (!text) return undefined;
        const date = new Date(`${text}T00:00:00`);
        date.setDate(date.getDate() + days);
        return date.toISOString();
      };
      filter = { symbol: name, mode: mode.value, since: moment(since.value, 0), until: moment(until.value, 1) };
      pages = 1;
      isStale = true;
      refresh();
    }, 200);
  }

  async function load() {
    if (!isStale) return;
    isStale = false;
    const asked = filter;
    try {
      const found = [];
      cursor = null;
      const sum = get("/api/live-strategy/history/totals", filter);
      for (let page = 0; page < pages; page += 1) {
        const answer = await get("/api/live-strategy/history", { ...filter, limit: 100, cursor });
        found.push(...answer.items);
        cursor = answer.next_cursor;
        if (!cursor) break;
      }
      const total = await sum;
      if (asked !== filter) return;
      items = found;
      setText(totals, `${count(total.strategies)} stopped · ${count(total.trades_count)} trades · fees ${money(total.fees)} · realised ${signed(total.pnl)}`);
    } catch (error) {
      isStale = true;
      throw error;
    }
    draw();
  }

  function draw() {
    keyed(body, items, (item) => item.id, (item) => h("tr", {},
      h("td", {}, h("a", { href: `#/strategy/${item.id}` }, item.symbol), h("span", { class: "execution", "data-execution": item.execution }, item.execution)),
      h("td", { class: "medium" }, `${item.strategy_type} ${item.interval}`),
      h("td", {}, dateTime(item.stopped_at)),
      h("td", { class: "number wide" }, duration(Date.parse(item.stopped_at) - Date.parse(item.started_at))),
      h("td", { class: "reason" }, item.reason),
      h("td", { class: `number ${tone(item.pnl)}` }, signed(item.pnl)),
      h("td", { class: "number wide" }, money(item.fees)),
      h("td", { class: "number medium" }, count(item.trades_count)),
      h("td", { class: "number wide" }, Number(item.position) ? exact(item.position) : "–")), () => {});
    empty.hidden = items.length > 0;
    more.hidden = !cursor;
  }

  async function exportAll() {
    save.disabled = true;
    try {
      const lines = [columns.join(",")];
      for await (const item of all("/api/live-strategy/history", filter)) lines.push(columns.map((name) => cell(item[name])).join(","));
      const url = URL.createObjectURL(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" }));
      h("a", { href: url, download: `tenure-history-${new Date().toISOString().slice(0, 10)}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60000);
      note(`${count(lines.length - 1)} records exported.`);
    } catch (error) { note(error.message, "bad"); }
    save.disabled = false;
  }

  const number = (title, more = "") => ({ title, class: `number ${more}` });
  const element = h("div", { class: "view history" },
    h("div", { class: "heading" }, h("h1", {}, "History"), totals, h("span", { class: "grow" }), save),
    h("div", { class: "filters", role: "search" },
      h("span", {}, h("label", { class: "hidden", for: "history-symbol" }, "Symbol"), symbol),
      h("span", {}, h("label", { class: "hidden", for: "history-mode" }, "Mode"), mode),
      h("span", {}, label("history-since", "From "), since), h("span", {}, label("history-until", "to "), until)),
    wrong,
    table("Table of stopped strategies", ["Symbol", { title: "Mode", class: "medium" }, "Stopped", number("Ran", "wide"), "Reason", number("Realised"),
      number("Fees", "wide"), number("Trades", "medium"), number("Left", "wide")], body),
    empty, h("p", { class: "actions" }, more));

  return {
    title: "History", element, refresh: load,
    event: (event) => { if (event.kind === "stopped") isStale = true; },
    wants: (event) => event.kind === "stopped",
  };
}

/** One cell. Reasons are written by people: none of them becomes a formula in a spreadsheet. */
function cell(value) {
  let text = value === null || value === undefined ? "" : String(value);
  if (/^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
