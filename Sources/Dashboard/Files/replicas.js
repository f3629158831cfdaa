// The replicas as cards, with what they run: a failover is seen as one.

import { post } from "./api.js";
import { ask } from "./dialog.js";
import { h, keyed, note, setAttribute, setText } from "./dom.js";
import { age, count, dateTime, money, percent, signed } from "./format.js";

/** Strategies shown on one card. */
const most = 30;

/** @param {() => void} refresh */
export function replicas(refresh) {
  const cards = h("div", { class: "cards" });
  const gone = h("ul", { class: "gone" });
  const past = h("details", { class: "past", hidden: true }, h("summary", {}), gone);
  const lead = h("p", { class: "quiet" });
  const element = h("section", { "aria-labelledby": "replicas" },
    h("div", { class: "heading" }, h("h2", { id: "replicas" }, "Replicas"), lead), cards, past);

  /**
   * @param {object[]} all
   * @param {object} strategies Those with most at stake: `items`, of a `total`.
   */
  function show(all, strategies) {
    const living = all.filter((replica) => replica.status !== "fenced")
      .sort((left, right) => left.name.localeCompare(right.name, "en", { numeric: true }));
    const dead = all.filter((replica) => replica.status === "fenced");
    const owned = Map.groupBy(strategies.items, (strategy) => strategy.owner?.id ?? null);
    const shown = living.map((replica) => ({ key: replica.id, replica, strategies: owned.get(replica.id) ?? [] }));
    if (owned.has(null)) shown.push({ key: "nobody", replica: null, strategies: owned.get(null) });
    const restless = !matchMedia("(prefers-reduced-motion: reduce)").matches && !document.hidden;
    const before = restless ? places(cards) : new Map();
    keyed(cards, shown, (card) => card.key, makeCard, updateCard);
    if (restless) move(cards, before);
    setText(lead, strategies.total > strategies.items.length
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

  return { element, show };
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
