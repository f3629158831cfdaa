// What parameters would have done with candles of the past, before they are given money.

import { post } from "./api.js";
import { curve } from "./curve.js";
import { decimal } from "./decimal.js";
import { h, setAttribute, setText, table } from "./dom.js";
import { count, dateTime, exact, money, signed, tone, when } from "./format.js";

const figures = [
  ["pnl", "Profit and loss, net", signed], ["fees", "Fees", money], ["trades_count", "Trades", count],
  ["wins", "Of them won", count], ["max_drawdown", "Deepest fall", money], ["buy_and_hold_pnl", "Buy and hold", signed],
];

/**
 * @param {() => object|null} order What would be started; null if that is not right yet, which is said where it is wrong.
 * @param {(error: Problem) => void} refuse Says what the server says about it.
 */
export function replay(order, refuse) {
  const picture = curve("Nothing was traded.");
  const candles = h("select", { id: "replay-candles" }, ...[200, 1000, 5000].map((number) => h("option", { value: String(number) }, `${count(number)} candles`)));
  candles.value = "1000";
  const run = h("button", { type: "button", onclick: act }, "Replay");
  const said = h("p", { class: "quiet", role: "status" });
  const parts = {};
  const summary = h("dl", { class: "figures" }, ...figures.map(([name, title]) =>
    h("div", { class: "figure" }, h("dt", {}, title), parts[name] = h("dd"))));
  const trades = h("tbody");
  const number = (title) => ({ title, class: "number" });
  const result = h("div", { class: "result", hidden: true }, summary, picture.element,
    table("Table of replayed trades", ["Bought", number("At"), "Sold", number("At"), number("Quantity"), number("Net"), "Why"], trades));
  const element = h("fieldset", { class: "replay" },
    h("legend", {}, "Replay"),
    h("p", { class: "quiet" }, "What it would have done with the last candles of this market, on paper, with the parameters above. Nothing is started, and the past promises nothing."),
    h("p", { class: "actions" }, h("label", { class: "hidden", for: "replay-candles" }, "Candles to replay"), candles, run),
    said, result);
  let replayed = null;

  async function act() {
    const asked = order();
    if (!asked) return;
    run.disabled = true;
    setText(said, "Replaying …");
    try {
      const answer = await post("/api/replay", { ...asked, candles: Number(candles.value) });
      replayed = JSON.stringify(asked);
      show(asked, answer);
    } catch (error) {
      setText(said, "");
      refuse(error);
    }
    run.disabled = false;
  }

  function show(asked, answer) {
    result.hidden = false;
    element.classList.remove("stale");
    setText(said, answer.candles
      ? `${count(answer.candles)} candles of ${asked.symbol}, ${dateTime(answer.from)} to ${dateTime(answer.to)}.`
      : `There are no candles of ${asked.symbol} yet.`);
    for (const [name, , format] of figures) {
      const value = answer[name];
      setText(parts[name], value === null ? "–" : format(value));
      setAttribute(parts[name], "title", String(value ?? "It never bought."));
      if (format === signed) setAttribute(parts[name], "class", tone(value ?? 0));
    }
    const points = answer.equity.map(({ time, value }) => ({ time: Date.parse(time), value: decimal(value) }));
    picture.set(points, `What it would have earned: ${signed(answer.pnl)} with ${answer.trades_count} trades`);
    const latest = answer.trades.slice(-200).reverse();
    trades.replaceChildren(...latest.map((trade) =>
      h("tr", {},
        h("td", {}, when(trade.entry_time)), h("td", { class: "number" }, exact(trade.entry_price)),
        h("td", {}, when(trade.exit_time)), h("td", { class: "number" }, exact(trade.exit_price)),
        h("td", { class: "number" }, exact(trade.quantity)),
        h("td", { class: `number ${tone(trade.pnl)}` }, signed(trade.pnl)),
        h("td", { class: "reason" }, trade.reason))));
  }

  return {
    element,
    /** What is shown is of other parameters when these have changed. */
    check(asked) {
      if (replayed && JSON.stringify(asked) !== replayed) {
        element.classList.add("stale");
        setText(said, "Of other parameters than those above: replay again.");
      }
    },
    end: picture.end,
  };
}
