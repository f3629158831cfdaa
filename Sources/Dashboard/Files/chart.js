// Candles with the trades on them, and the equity below: one canvas, one axis of time.

import { h, setText } from "./dom.js";
import { exact, shortTime, signed, timeOfDay } from "./format.js";

const right = 74;
const bottom = 20;
const gap = 18;
/** The equity's share of the height. */
const lower = 0.24;

export function chart() {
  const canvas = h("canvas", { role: "img" });
  const readout = h("p", { class: "readout" });
  const element = h("div", { class: "chart" }, readout, canvas);
  let data = { candles: [], fills: [], lines: [], equity: [], interval: 60000 };
  let pointer = null;
  let isDue = false;

  const later = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => { isDue = false; draw(); });
  };
  const observer = new ResizeObserver(later);
  observer.observe(canvas);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", later);
  canvas.addEventListener("pointermove", (event) => { pointer = { x: event.offsetX, y: event.offsetY }; later(); });
  canvas.addEventListener("pointerleave", () => { pointer = null; later(); });

  function draw() {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    const scale = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const color = (name) => style.getPropertyValue(`--${name}`);
    const colors = Object.fromEntries(["text", "quiet", "grid", "up", "down", "buy", "sell", "accent", "loss", "gain"].map((name) => [name, color(name)]));
    context.font = `11px ${style.fontFamily}`;

    const plot = width - right;
    const candles = data.candles.slice(-Math.max(20, Math.floor(plot / 5)));
    if (candles.length === 0) {
      context.fillStyle = colors.quiet;
      context.textAlign = "center";
      context.fillText("No candles yet", plot / 2, height / 2);
      setText(readout, "");
      return;
    }
    const hasEquity = data.equity.length > 1;
    const high = hasEquity ? (height - bottom) * (1 - lower) - gap : height - bottom - 4;
    const step = Math.min(14, plot / candles.length);
    const left = plot - step * candles.length;
    const x = (index) => left + step * (index + 0.5);
    const first = candles[0].time;
    const index = (time) => (time - first) / data.interval;

    // Prices
    const reach = (values) => {
      const [low, top] = [Math.min(...values), Math.max(...values)];
      const pad = (top - low || Math.abs(top) * 0.001 || 1) * 0.06;
      return [low - pad, top + pad];
    };
    const span = candles.flatMap((candle) => [candle.low, candle.high]);
    const [low, top] = [Math.min(...span), Math.max(...span)];
    // Lines a little outside are worth making room for, those far away are not.
    const near = data.lines.map((line) => line.price).filter((price) => price > low - (top - low) && price < top + (top - low));
    const [bottomPrice, topPrice] = reach([...span, ...near]);
    const y = (price) => 12 + (high - 24) * (topPrice - price) / (topPrice - bottomPrice);

    axis(context, colors, plot, bottomPrice, topPrice, y, high);
    times(context, colors, candles, x, height - bottom, step, data.interval);

    const wide = Math.max(1, Math.min(9, step * 0.66));
    for (const [at, candle] of candles.entries()) {
      const isUp = candle.close >= candle.open;
      context.fillStyle = isUp ? colors.up : colors.down;
      context.fillRect(Math.round(x(at)) - 0.5, y(candle.high), 1, Math.max(1, y(candle.low) - y(candle.high)));
      const [from, to] = [y(Math.max(candle.open, candle.close)), y(Math.min(candle.open, candle.close))];
      context.fillRect(x(at) - wide / 2, from, wide, Math.max(1, to - from));
    }

    // What is held: since when, at what price, and where it will be closed
    for (const line of data.lines) {
      if (line.price < bottomPrice || line.price > topPrice) continue;
      context.strokeStyle = colors[line.color];
      context.setLineDash(line.dash ? [4, 4] : []);
      context.beginPath();
      context.moveTo(Math.max(0, line.from === undefined ? 0 : x(index(line.from))), y(line.price));
      context.lineTo(plot, y(line.price));
      context.stroke();
      context.setLineDash([]);
      tag(context, plot, y(line.price), line.title, colors[line.color], color("panel"));
    }

    for (const fill of data.fills) {
      // It happened when the candle that it was decided on had closed.
      const at = Math.floor(index(fill.time));
      if (at < 0 || at > candles.length) continue;
      const isBuy = fill.side === "buy";
      // Beside the candle: below it what was bought, above it what was sold.
      const candle = candles[Math.min(at, candles.length - 1)];
      const [cx, cy] = [x(Math.min(at, candles.length - 1)), isBuy ? y(candle.low) + 2 : y(candle.high) - 2];
      context.fillStyle = isBuy ? colors.buy : colors.sell;
      context.strokeStyle = color("panel");
      context.lineWidth = 1.5;
      context.beginPath();
      const direction = isBuy ? 1 : -1;
      context.moveTo(cx, cy);
      context.lineTo(cx - 4.5, cy + direction * 8);
      context.lineTo(cx + 4.5, cy + direction * 8);
      context.closePath();
      context.stroke();
      context.fill();
      context.lineWidth = 1;
    }

    // Equity
    const visible = hasEquity ? data.equity.filter((point) => point.time >= first) : [];
    if (visible.length > 1) {
      const zone = { top: high + gap, bottom: height - bottom - 2 };
      const [least, most] = reach([...visible.map((point) => point.value), 0]);
      const ey = (value) => zone.top + (zone.bottom - zone.top) * (most - value) / (most - least);
      context.fillStyle = colors.quiet;
      context.textAlign = "left";
      context.fillText("Profit and loss with what is held", 4, zone.top - 5);
      context.strokeStyle = colors.grid;
      line(context, 0, ey(0), plot, ey(0));
      const path = new Path2D();
      visible.forEach((point, at) => path[at ? "lineTo" : "moveTo"](x(index(point.time)), ey(point.value)));
      const area = new Path2D(path);
      area.lineTo(x(index(visible.at(-1).time)), ey(0));
      area.lineTo(x(index(visible[0].time)), ey(0));
      const now = visible.at(-1).value;
      context.globalAlpha = 0.14;
      context.fillStyle = now < 0 ? colors.loss : colors.gain;
      context.fill(area);
      context.globalAlpha = 1;
      context.strokeStyle = now < 0 ? colors.loss : colors.gain;
      context.lineWidth = 1.5;
      context.stroke(path);
      context.lineWidth = 1;
      context.fillStyle = colors.text;
      context.textAlign = "left";
      context.fillText(signed(now), plot + 8, Math.min(zone.bottom, Math.max(zone.top + 8, ey(now) + 4)));
      context.fillStyle = colors.quiet;
      if (Math.abs(ey(0) - ey(now)) > 14) context.fillText("0", plot + 8, ey(0) + 4);
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
      .map((fill) => ` · ${fill.side === "buy" ? "bought" : "sold"} ${exact(fill.quantity)} at ${exact(fill.price)}`).join("");
    setText(readout, `${shortTime(candle.time)}:${timeOfDay(candle.time).slice(-2)}  O ${exact(candle.open)}  H ${exact(candle.high)}  L ${exact(candle.low)}  C ${exact(candle.close)}${here}`);
  }

  return {
    element,
    /** @param next `candles` (numbers, `time` in milliseconds), `fills`, `lines`, `equity`, `interval`, and a `label`. */
    set(next) {
      data = next;
      canvas.setAttribute("aria-label", next.label);
      later();
    },
    end() {
      observer.disconnect();
      dark.removeEventListener("change", later);
    },
  };
}

function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

function tag(context, x, y, text, color, back) {
  const width = context.measureText(text).width + 8;
  context.fillStyle = color;
  context.fillRect(x - width, y - 8, width, 16);
  context.fillStyle = back;
  context.textAlign = "left";
  context.fillText(text, x - width + 4, y + 4);
}

/** Round numbers, a hand's breadth apart. */
function axis(context, colors, plot, low, top, y, height) {
  const rough = (top - low) / Math.max(2, height / 46);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough);
  const digits = Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9)));
  context.textAlign = "left";
  for (let price = Math.ceil(low / step) * step; price <= top; price += step) {
    const at = Math.round(y(price)) + 0.5;
    context.strokeStyle = colors.grid;
    line(context, 0, at, plot, at);
    context.fillStyle = colors.quiet;
    context.fillText(price.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }), plot + 8, at + 4);
  }
}

function times(context, colors, candles, x, y, step, interval) {
  const every = Math.max(1, Math.ceil(96 / step));
  context.fillStyle = colors.quiet;
  context.textAlign = "center";
  for (let at = Math.floor(every / 2); at < candles.length; at += every) {
    const text = interval < 60000 ? timeOfDay(candles[at].time) : shortTime(candles[at].time);
    if (x(at) > 40) context.fillText(text, x(at), y + 14);
  }
}

/**
 * What the strategy was worth after each candle: all that was realised, and what was held at that close. It is counted back
 * from what the server says it is now, so that fills from before the first one known here count too.
 */
export function equity(candles, fills, pnl) {
  let [quantity, cost, realised] = [0, 0, 0];
  const sorted = fills.toSorted((left, right) => left.time - right.time);
  const points = [];
  let next = 0;
  const book = (until) => {
    for (; next < sorted.length && sorted[next].time <= until; next += 1) {
      const { side, price, quantity: amount, fee } = sorted[next];
      realised -= fee;
      if (side === "buy") {
        quantity += amount;
        cost += amount * price;
      } else if (quantity > 0) {
        const sold = Math.min(amount, quantity);
        const part = cost * (sold / quantity);
        realised += sold * price - part;
        quantity -= sold;
        cost -= part;
      }
    }
  };
  for (const [at, candle] of candles.entries()) {
    book(at + 1 < candles.length ? candles[at + 1].time : Infinity);
    points.push({ time: candle.time, realised, open: quantity > 1e-12 ? quantity * candle.close - cost : 0 });
  }
  const shift = pnl - realised;
  return points.map((point) => ({ time: point.time, value: point.realised + shift + point.open }));
}

