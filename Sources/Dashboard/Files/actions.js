// What can be done with one strategy: pause, resume, change, close its position, stop. What sells or ends asks first.

import { post } from "./api.js";
import { ask, reasonField, stopFields } from "./dialog.js";
import { h, note, setAttribute, setText } from "./dom.js";
import { count, exact, money, signed } from "./format.js";

/** @param {() => void} done Called after each attempt. */
export function actions(done) {
  let current = null;
  const pause = h("button", { type: "button", onclick: () => setPaused(current.status !== "paused") });
  const retry = h("button", { type: "button", onclick: () => setPaused(false), hidden: true }, "Start again");
  const edit = h("a", { class: "button" }, "Change …");
  const sell = h("button", { type: "button", class: "danger", onclick: close, hidden: true }, "Close position …");
  const end = h("button", { type: "button", class: "danger", onclick: stop }, "Stop …");
  const element = h("p", { class: "actions trader", hidden: true }, retry, pause, edit, sell, end);

  const market = () => ({ symbol: current.symbol, exchange: current.exchange });
  const worth = () => `${exact(current.position)}, worth ${money(current.exposure)}${current.execution === "live" ? ", of live money" : " on paper"}`;

  async function act(does, say) {
    try {
      const answer = await does();
      note(typeof say === "function" ? say(answer) : say);
    } catch (error) { note(error.message, "bad"); }
    done();
  }

  async function setPaused(paused) {
    const { symbol } = current;
    if (!paused && current.execution === "live" && !await ask({
      title: `Resume ${symbol}?`, lines: ["It may open positions with live money again."], confirm: "Resume", phrase: symbol })) return;
    await act(() => post(`/api/live-strategy/${paused ? "pause" : "resume"}`, market()),
      paused ? `${symbol} opens no new positions.` : `${symbol} may trade again.`);
  }

  async function close() {
    const { symbol } = current;
    const wants = h("input", { type: "checkbox", name: "pause", value: "true", checked: true });
    const answer = await ask({
      title: `Close the position of ${symbol}?`, confirm: `Sell ${symbol}`, kind: "bad", phrase: `sell ${symbol}`,
      lines: [`It holds ${worth()}. All of it is sold at once, at the market's price.`, "The strategy itself stays, with its figures and its state."],
      fields: [
        h("label", { class: "choice" }, wants, h("span", {}, h("b", {}, "Pause it too"),
          h("small", {}, "Otherwise it may buy again with the next candle."))),
        reasonField("Reason, for the order and the events", "closed by an operator"),
      ],
    });
    if (!answer) return;
    await act(() => post("/api/live-strategy/close", { ...market(), reason: answer.get("reason"), pause: answer.get("pause") === "true" }),
      ({ status }) => (status === 202 ? `${symbol} is selling.` : `${symbol} holds nothing any more.`));
  }

  async function stop() {
    const { symbol } = current;
    const answer = await ask({
      title: `Stop ${symbol}?`, confirm: `Stop ${symbol}`, kind: "bad",
      lines: [
        `${symbol} ends and moves to the history, with ${count(current.trades_count)} trades and ${signed(current.pnl)}.`,
        Number(current.position) ? `It holds ${worth()}.` : "It holds nothing.",
      ],
      fields: stopFields(),
      phrase: (form) => (form.get("positions") === "close" ? `sell ${symbol}` : current.execution === "live" ? `stop ${symbol}` : null),
    });
    if (!answer) return;
    await act(() => post("/api/live-strategy/stop", { ...market(), reason: answer.get("reason"), positions: answer.get("positions") }), `${symbol} is stopped.`);
  }

  return {
    element,
    set(strategy) {
      current = strategy;
      element.hidden = current.status === "stopped";
      const isDown = ["failed", "quarantined"].includes(current.status);
      retry.hidden = !isDown;
      pause.hidden = isDown;
      setText(pause, current.status === "paused" ? "Resume" : "Pause");
      pause.disabled = end.disabled = sell.disabled = current.status === "stopping";
      setAttribute(edit, "href", `#/edit/${current.id}`);
      edit.hidden = current.status === "stopping";
      sell.hidden = isDown || !Number(current.position);
    },
  };
}
