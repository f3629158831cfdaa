// The active strategies as a table: searched, filtered, sorted and cut into pages by the server, so that it stays fast.

import { get, post } from "./api.js";
import { ask, stopFields } from "./dialog.js";
import { h, keyed, note, setAttribute, setText } from "./dom.js";
import { sum } from "./decimal.js";
import { age, count, dateTime, exact, money, signed } from "./format.js";

const size = 100;
const statuses = ["starting", "running", "paused", "suspended", "stopping", "orphaned", "failed", "quarantined"];

/** Title, what it is sorted by, and where it is not shown for want of room. */
const columns = [
  ["Symbol", "symbol", ""],
  ["Mode", "mode", "medium"],
  ["Status", "status", ""],
  ["Owner", "owner", "medium"],
  ["Position", "position", "number wide"],
  ["Exposure", "exposure", "number"],
  ["Unrealised", "unrealized_pnl", "number medium"],
  ["Realised", "pnl", "number"],
  ["Today", "pnl_today", "number medium"],
  ["Trades", "trades_count", "number wide"],
  ["Last candle", "last_candle", "number wide"],
  ["Since", "started_at", "number wide"],
];

export function strategies({ query, refresh }) {
  const state = {
    search: query.get("search") ?? "", status: query.get("status") ?? "", mode: query.get("mode") ?? "",
    execution: query.get("execution") ?? "", owner: query.get("owner") ?? "",
    sort: query.get("sort") ?? "exposure", descending: (query.get("descending") ?? "true") === "true",
    page: Math.max(1, Number(query.get("page")) || 1),
  };
  /** What is selected, by id, on whatever page. */
  const selected = new Map();
  let total = 0;
  let items = [];
  let isBusy = false;

  // MARK: Controls

  function change(name, value) {
    state[name] = value;
    if (name !== "page") state.page = 1;
    const kept = Object.entries(state).filter(([key, value]) => value !== "" && !(key === "page" && value === 1));
    history.replaceState(null, "", `#/strategies?${new URLSearchParams(kept)}`);
    refresh();
  }

  const select = (name, title, options) => {
    const element = h("select", { id: `filter-${name}`, onchange: () => change(name, element.value) },
      h("option", { value: "" }, `Any ${title}`), ...options.map((option) => h("option", { value: option }, option)));
    element.value = state[name];
    return h("span", {}, h("label", { class: "hidden", for: `filter-${name}` }, title), element);
  };
  const modes = select("mode", "mode", state.mode ? [state.mode] : []);
  const owners = select("owner", "owner", state.owner ? [state.owner] : []);
  get("/api/modes").then((answer) => fill(modes.lastChild, "mode", answer.modes.map((mode) => [mode.name, mode.name])), () => {});
  get("/api/replicas").then((answer) => fill(owners.lastChild, "owner",
    answer.items.filter((replica) => replica.status !== "fenced").map((replica) => [String(replica.id), replica.name])), () => {});

  function fill(element, name, options) {
    const isThere = options.some(([value]) => value === state[name]);
    if (state[name] && !isThere) options.push([state[name], state[name]]);
    element.replaceChildren(element.firstChild, ...options.map(([value, text]) => h("option", { value }, text)));
    element.value = state[name];
  }

  let typing;
  const search = h("input", {
    type: "search", id: "search", placeholder: "Symbol, mode or owner", value: state.search, autocomplete: "off", spellcheck: "false", maxlength: "100",
    oninput: () => { clearTimeout(typing); typing = setTimeout(() => change("search", search.value.trim()), 150); },
  });

  const heads = columns.map(([title, sort, where]) => {
    const arrow = h("span", { class: "arrow", "aria-hidden": "true" });
    const button = h("button", { type: "button", onclick: () => {
      const isSame = state.sort === sort;
      state.descending = isSame ? !state.descending : where.includes("number");
      change("sort", sort);
    } }, title, arrow);
    const head = h("th", { scope: "col", class: where }, button);
    head.update = () => {
      const isSorted = state.sort === sort;
      setAttribute(head, "aria-sort", isSorted ? (state.descending ? "descending" : "ascending") : "none");
      setText(arrow, isSorted ? (state.descending ? " ↓" : " ↑") : "");
    };
    return head;
  });
  const everyone = h("input", { type: "checkbox", "aria-label": "Select all on this page", onchange: () => {
    for (const item of items) everyone.checked ? selected.set(item.id, item) : selected.delete(item.id);
    draw();
  } });
  const body = h("tbody");
  const empty = h("p", { class: "empty", hidden: true });
  const range = h("span", { class: "range", role: "status" });
  /** Above the table and below it. */
  const pagers = ["Pages", "Pages, below the table"].map((label) => h("span", { class: "pages", role: "group", "aria-label": label },
    h("button", { type: "button", onclick: () => turn(-1) }, "Previous"),
    h("button", { type: "button", onclick: () => turn(1) }, "Next")));
  function turn(by) {
    change("page", state.page + by);
    window.scrollTo(0, 0);
  }

  // MARK: What is done to many

  const chosen = h("b");
  const more = h("button", { type: "button", class: "link", onclick: selectAll });
  const actions = h("div", { class: "bulk trader", role: "group", "aria-label": "What to do with the selected strategies", hidden: true },
    chosen, more,
    h("span", { class: "grow" }),
    h("button", { type: "button", onclick: () => setPaused(true) }, "Pause …"),
    h("button", { type: "button", onclick: () => setPaused(false) }, "Resume …"),
    h("button", { type: "button", class: "danger", onclick: stop }, "Stop …"),
    h("button", { type: "button", class: "link", onclick: () => { selected.clear(); draw(); } }, "Select none"));

  const filters = () => ({
    search: state.search, status: state.status, mode: state.mode, execution: state.execution, owner: state.owner,
  });

  async function selectAll() {
    const filter = filters();
    try {
      for (let offset = 0; offset < total; offset += 500) {
        const page = await get("/api/strategies", { ...filter, sort: "started_at", offset, limit: 500 });
        for (const item of page.items) selected.set(item.id, item);
        setText(chosen, `${count(selected.size)} selected …`);
      }
    } catch (error) { note(error.message, "bad"); }
    draw();
  }

  const these = () => (selected.size === 1 ? [...selected.values()][0].symbol : `${count(selected.size)} strategies`);
  const holding = () => [...selected.values()].filter((item) => Number(item.position) !== 0);
  const plain = (words) => (selected.size === 1 ? null : words);

  async function setPaused(paused) {
    const answer = await ask(paused
      ? { title: `Pause ${these()}?`, confirm: "Pause", phrase: plain(`pause ${selected.size}`),
          lines: ["They open no new positions. What they hold is still watched, and closed by their own rules."] }
      : { title: `Resume ${these()}?`, confirm: "Resume", phrase: plain(`resume ${selected.size}`),
          lines: ["They may open positions again. Those that failed or were quarantined are started again."] });
    if (answer) await forEach(paused ? "paused" : "resumed", (item) =>
      post(`/api/live-strategy/${paused ? "pause" : "resume"}`, { symbol: item.symbol, exchange: item.exchange }));
  }

  async function stop() {
    const open = holding();
    const worth = sum(...open.map((item) => item.exposure));
    const answer = await ask({
      title: `Stop ${these()}?`, confirm: "Stop", kind: "bad",
      lines: [
        `They end and move to the history. ${open.length === 0 ? "None of them holds anything." : `${count(open.length)} of them hold positions worth ${money(worth)}.`}`,
      ],
      fields: stopFields(),
      phrase: (form) => `${form.get("positions") === "close" ? "sell and stop" : "stop"} ${selected.size}`,
    });
    if (!answer) return;
    await forEach("stopped", (item) => post("/api/live-strategy/stop", {
      symbol: item.symbol, exchange: item.exchange, reason: answer.get("reason"), positions: answer.get("positions"),
    }));
  }

  /** A few at a time; what went wrong is said once, and stays selected. */
  async function forEach(done, act) {
    const waiting = [...selected.values()];
    const problems = [];
    let finished = 0;
    isBusy = true;
    const work = async () => {
      for (let item = waiting.shift(); item; item = waiting.shift()) {
        try {
          await act(item);
          selected.delete(item.id);
          finished += 1;
        } catch (error) {
          // It is gone already: nothing is left to be done.
          if (error.status === 404) selected.delete(item.id);
          else problems.push(`${item.symbol}: ${error.message}`);
        }
        draw();
      }
    };
    await Promise.all(Array.from({ length: 6 }, work));
    isBusy = false;
    draw();
    note(`${count(finished)} ${done}.`);
    if (problems.length) note(`${problems.length} not ${done}: ${problems[0]}`, "bad");
    refresh();
  }

  // MARK: Rows

  function makeRow(item) {
    const cells = columns.map(([, , where]) => h("td", { class: where }));
    const box = h("input", { type: "checkbox", "aria-label": `Select ${item.symbol}`, onchange: () => {
      box.checked ? selected.set(item.id, row.item) : selected.delete(item.id);
      draw();
    } });
    const link = h("a", { href: `#/strategy/${item.id}` }, item.symbol);
    cells[0].append(link, h("span", { class: "execution", "data-execution": item.execution }, item.execution));
    const pill = h("span", { class: "pill" });
    cells[2].append(pill);
    const row = h("tr", {}, h("td", { class: "check trader" }, box), ...cells);
    row.parts = { cells, box, pill };
    return row;
  }

  function updateRow(row, item) {
    const { cells, box, pill } = row.parts;
    row.item = item;
    box.checked = selected.has(item.id);
    setText(cells[1], `${item.strategy_type} ${item.interval}`);
    setText(pill, item.status);
    setAttribute(pill, "data-status", item.status);
    setAttribute(pill, "title", item.last_error ?? "");
    setText(cells[3], item.owner?.name ?? "–");
    setText(cells[4], Number(item.position) ? exact(item.position) : "–");
    setText(cells[5], Number(item.exposure) ? money(item.exposure) : "–");
    for (const [cell, value] of [[cells[6], item.unrealized_pnl], [cells[7], item.pnl], [cells[8], item.pnl_today]]) {
      setText(cell, signed(value));
      setAttribute(cell, "title", value);
      cell.classList.toggle("gain", Number(value) > 0);
      cell.classList.toggle("loss", Number(value) < 0);
    }
    setText(cells[9], count(item.trades_count));
    setText(cells[10], age(item.last_candle));
    setText(cells[11], age(item.started_at));
    setAttribute(cells[11], "title", dateTime(item.started_at));
  }

  function draw() {
    keyed(body, items, (item) => item.id, makeRow, updateRow);
    for (const head of heads) head.update();
    frame.hidden = items.length === 0;
    empty.hidden = items.length > 0;
    if (!items.length) {
      const isFiltered = Object.values(filters()).some(Boolean);
      setText(empty, isFiltered ? "Nothing matches." : "No strategy is active.");
    }
    const first = (state.page - 1) * size;
    setText(range, total ? `${count(first + 1)}–${count(first + items.length)} of ${count(total)}` : "");
    for (const pager of pagers) {
      pager.hidden = total <= size;
      pager.firstChild.disabled = state.page === 1;
      pager.lastChild.disabled = first + items.length >= total;
    }
    actions.hidden = selected.size === 0;
    for (const button of actions.querySelectorAll("button")) button.disabled = isBusy;
    setText(chosen, isBusy ? `${count(selected.size)} to go …` : `${count(selected.size)} selected`);
    more.hidden = total <= items.length || selected.size >= total;
    setText(more, `Select all ${count(total)}`);
    const here = items.filter((item) => selected.has(item.id)).length;
    everyone.checked = here > 0 && here === items.length;
    everyone.indeterminate = here > 0 && here < items.length;
  }

  async function load() {
    const asked = JSON.stringify(state);
    const answer = await get("/api/strategies", {
      ...filters(), sort: state.sort, descending: state.descending, offset: (state.page - 1) * size, limit: size,
    });
    if (asked !== JSON.stringify(state)) return;
    if (answer.items.length === 0 && state.page > 1) { change("page", 1); return; }
    ({ items, total } = answer);
    for (const item of items) if (selected.has(item.id)) selected.set(item.id, item);
    draw();
  }

  const frame = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Active strategies" },
    h("table", { class: "rows" }, h("thead", {}, h("tr", {}, h("td", { class: "check trader" }, everyone), ...heads)), body));
  const element = h("div", { class: "view strategies" },
    h("div", { class: "heading" }, h("h1", {}, "Strategies"), range,
      pagers[0]),
    h("div", { class: "filters", role: "search" },
      h("label", { class: "hidden", for: "search" }, "Search"), search,
      select("status", "status", statuses), modes, owners, select("execution", "execution", ["paper", "live"])),
    actions,
    frame,
    empty, pagers[1]);

  return {
    title: "Strategies", element, refresh: load,
    // Fills and orders change numbers that are asked for every second anyway.
    wants: (event) => !["order", "fill"].includes(event.kind),
    refused: (problem) => {
      items = []; total = 0; draw();
      setText(empty, problem.message);
    },
  };
}
