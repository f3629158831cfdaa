// Candles with the trades on them.

import { axis, bottom, line, nothing, reach, right, surface, times } from "./canvas.js";
import { h, setText } from "./dom.js";
import { exact, shortTime, timeOfDay } from "./format.js";

export function chart() {
  const readout = h("p", { class: "readout" });
  const drawing = surface(paint, "No candles yet");
  const { canvas, later } = drawing;
  const element = h("div", { class: "chart" }, readout, canvas);
  let data = { candles: [], fills: [], lines: [], interval: 60000 };

  function paint(context, width, height, colors, pointer) {
    const plot = width - right;
    const candles = data.candles.slice(-Math.max(20, Math.floor(plot / 5)));
    if (candles.length === 0) {
      nothing(context, colors, plot, height, "No candles yet");
      setText(readout, "");
      return;
    }
    const high = height - bottom - 4;
    const step = Math.min(14, plot / candles.length);
    const left = plot - step * candles.length;
    const x = (index) => left + step * (index + 0.5);
    const first = candles[0].time;
    const index = (time) => (time - first) / data.interval;

    const span = candles.flatMap((candle) => [candle.low, candle.high]);
    const [low, top] = [Math.min(...span), Math.max(...span)];
    // Lines a little outside are worth making room for, those far away are not.
    const near = data.lines.map((line) => line.price).filter((price) => price > low - (top - low) && price < top + (top - low));
    const [bottomPrice, topPrice] = reach([...span, ...near]);
    const y = (price) => 12 + (high - 24) * (topPrice - price) / (topPrice - bottomPrice);

    axis(context, colors, plot, bottomPrice, topPrice, y, high);
    times(context, colors, left, plot, height - bottom, (at) => first + (at - left) / step * data.interval, data.interval);

    const wide = Math.max(1, Math.min(9, step * 0.66));
    for (const [at, candle] of candles.entries()) {
      const isUp = candle.close >= candle.open;
      context.fillStyle = isUp ? colors.up : colors.down;
      context.fillRect(Math.round(x(at)) - 0.5, y(candle.high), 1, Math.max(1, y(candle.low) - y(candle.high)));
      const [from, to] = [y(Math.max(candle.open, candle.close)), y(Math.min(candle.open, candle.close))];
      context.fillRect(x(at) - wide / 2, from, wide, Math.max(1, to - from));
    }

    // What is held: since when, at what price, and where it will be closed
    for (const held of data.lines) {
      if (held.price < bottomPrice || held.price > topPrice) continue;
      context.strokeStyle = colors[held.color];
      context.setLineDash(held.dash ? [4, 4] : []);
      line(context, Math.max(0, held.from === undefined ? 0 : x(index(held.from))), y(held.price), plot, y(held.price));
      context.setLineDash([]);
      tag(context, plot, y(held.price), held.title, colors[held.color], colors.panel);
    }

    for (const fill of data.fills) {
      // It happened when the candle that it was decided on had closed.
      const at = Math.floor(index(fill.time));
      if (at < 0 || at > candles.length) continue;
      // Beside the candle: below it what was bought, above it what was sold.
      const isBuy = fill.side === "buy";
      const candle = candles[Math.min(at, candles.length - 1)];
      arrow(context, colors, isBuy, x(Math.min(at, candles.length - 1)), isBuy ? y(candle.low) + 2 : y(candle.high) - 2);
    }

    // What the pointer is on, else the last one
    const at = pointer ? Math.max(0, Math.min(candles.length - 1, Math.floor((pointer.x - left) / step))) : candles.length - 1;
    const candle = candles[at];
    if (pointer && pointer.x < plot) {
      context.strokeStyle = colors.quiet;
      context.setLineDash([2, 3]);
      line(context, Math.round(x(at)) - 0.5, 0, Math.round(x(at)) - 0.5, height - bottom);
      if (pointer.y < high) line(context, 0, pointer.y, plot, pointer.y);
      context.setLineDash([]);
    }
    const here = data.fills.filter((fill) => Math.floor(index(fill.time)) === at)
      .map((fill) => ` · ${fill.side === "buy" ? "bought" : "sold"} ${exact(fill.shown.quantity)} at ${exact(fill.shown.price)}`).join("");
    setText(readout, `${shortTime(candle.time)}:${timeOfDay(candle.time).slice(-2)}  O ${exact(candle.open)}  H ${exact(candle.high)}  L ${exact(candle.low)}  C ${exact(candle.close)}${here}`);
  }

  return {
    element,
    /** @param next `candles` (numbers, `time` in milliseconds), `fills`, `lines`, `interval`, and a `label`. */
    set(next) {
      data = next;
      canvas.setAttribute("aria-label", next.label);
      later();
    },
    end: drawing.end,
  };
}

function arrow(context, colors, isBuy, x, y) {
  const direction = isBuy ? 1 : -1;
  context.fillStyle = isBuy ? colors.buy : colors.sell;
  context.strokeStyle = colors.panel;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x - 4.5, y + direction * 8);
  context.lineTo(x + 4.5, y + direction * 8);
  context.closePath();
  context.stroke();
  context.fill();
  context.lineWidth = 1;
}

function tag(context, x, y, text, color, back) {
  const width = context.measureText(text).width + 8;
  context.fillStyle = color;
  context.fillRect(x - width, y - 8, width, 16);
  context.fillStyle = back;
  context.textAlign = "left";
  context.fillText(text, x - width + 4, y + 4);
}
