// The equity of one strategy: what it earned since it started, realised and not.

import { curve } from "./curve.js";
import { sum, text } from "./decimal.js";
import { h, setAttribute, setText } from "./dom.js";
import { count, milliseconds, money, signed } from "./format.js";
import { drawdown, earnings } from "./ledger.js";

const spans = [["Since the start", Infinity], ["7 days", 7 * 86400000], ["24 hours", 86400000], ["1 hour", 3600000]];

export function equity() {
  const picture = curve("Nothing was traded yet.");
  const facts = h("p", { class: "quiet" });
  const span = h("select", { id: "equity-span", onchange: () => draw() },
    ...spans.map(([title], at) => h("option", { value: String(at) }, title)));
  const element = h("section", { class: "panel equity", "aria-labelledby": "equity" },
    h("div", { class: "heading" }, h("h2", { id: "equity" }, "Equity"), facts,
      h("label", { class: "hidden", for: "equity-span" }, "Time shown"), span),
    picture.element);
  let points = [];
  let known = "";
  let net = "0";

  function draw() {
    const length = spans[Number(span.value)][1];
    const from = points.length ? points.at(-1).time - length : 0;
    const visible = length === Infinity ? points : points.filter((point) => point.time >= from);
    const fall = text(drawdown(points));
    setText(facts, `Net ${signed(net)}, deepest fall ${money(fall)}`);
    setAttribute(facts, "title", `Net ${net}, deepest fall ${fall}; realised after fees, and what is held at its last price`);
    picture.set(visible, `Profit and loss over time: now ${signed(net)}, deepest fall ${money(fall)}, ${count(points.length)} points`);
  }

  return {
    element,
    /** @param {object} strategy As the server tells of it. */
    set(strategy, fills, candles) {
      const state = [strategy.pnl, strategy.unrealized_pnl, fills.items.length, fills.items.at(-1)?.id, candles.length, candles.at(-1)?.time].join();
      if (state === known) return;
      known = state;
      const interval = milliseconds(strategy.interval);
      points = fills.items.length ? earnings(fills, candles, interval, {
        startedAt: Date.parse(strategy.started_at), pnl: strategy.pnl, trades: strategy.trades_count,
      }) : [];
      net = sum(strategy.pnl, strategy.unrealized_pnl ?? "0");
      draw();
    },
    end: picture.end,
  };
}
