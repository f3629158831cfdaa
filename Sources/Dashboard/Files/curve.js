// What something earned, over time: one line above and below zero.

import { axis, bottom, line, nothing, reach, right, surface, times } from "./canvas.js";
import { number, text } from "./decimal.js";
import { h, setText } from "./dom.js";
import { dateTime, signed } from "./format.js";

/** @param {string} empty What is said where there is nothing to draw. */
export function curve(empty) {
  const readout = h("p", { class: "readout" });
  const drawing = surface(paint, empty);
  const element = h("div", { class: "curve" }, readout, drawing.canvas);
  let points = [];

  function paint(context, width, height, colors, pointer) {
    const plot = width - right;
    if (points.length < 2) {
      nothing(context, colors, plot, height, empty);
      setText(readout, "");
      return;
    }
    const [first, last] = [points[0].time, Math.max(points.at(-1).time, points[0].time + 1)];
    const [low, top] = reach(points.map((point) => point.drawn).concat(0));
    const x = (time) => plot * (time - first) / (last - first);
    const y = (value) => 6 + (height - bottom - 12) * (top - value) / (top - low);
    axis(context, colors, plot, low, top, y, height - bottom);
    times(context, colors, 0, plot, height - bottom, (at) => first + (last - first) * at / plot, (last - first) / 20);

    const path = new Path2D();
    for (const [at, point] of thinned(points, plot).entries()) path[at ? "lineTo" : "moveTo"](x(point.time), y(point.drawn));
    const area = new Path2D(path);
    area.lineTo(x(last), y(0));
    area.lineTo(x(first), y(0));
    const color = points.at(-1).drawn < 0 ? colors.loss : colors.gain;
    context.fillStyle = context.strokeStyle = color;
    context.globalAlpha = 0.14;
    context.fill(area);
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.stroke(path);
    context.lineWidth = 1;
    context.strokeStyle = colors.quiet;
    line(context, 0, Math.round(y(0)) + 0.5, plot, Math.round(y(0)) + 0.5);

    let shown = points.at(-1);
    if (pointer && pointer.x < plot) {
      const moment = first + (last - first) * pointer.x / plot;
      shown = points.findLast((point) => point.time <= moment) ?? points[0];
      context.setLineDash([2, 3]);
      line(context, Math.round(x(shown.time)) + 0.5, 0, Math.round(x(shown.time)) + 0.5, height - bottom);
      context.setLineDash([]);
    }
    context.fillStyle = color;
    context.beginPath();
    context.arc(x(shown.time), y(shown.drawn), 3, 0, 7);
    context.fill();
    setText(readout, `${dateTime(shown.time)}  ${signed(text(shown.value))}`);
  }

  return {
    element,
    /** @param {{time: number, value: bigint}[]} next In the order of time, values in units of the eighth digit. */
    set(next, label) {
      points = next.map(({ time, value }) => ({ time, value, drawn: number(value) }));
      drawing.canvas.setAttribute("aria-label", label);
      element.dataset.points = points.length;
      element.dataset.last = points.length ? text(points.at(-1).value) : "";
      drawing.later();
    },
    end: drawing.end,
  };
}

/** What can be told apart: of each pixel's points the first, the lowest, the highest and the last. */
function thinned(points, width) {
  if (points.length < width * 4) return points;
  const share = points.length / width;
  const kept = [];
  for (let from = 0; from < points.length; from += share) {
    const part = points.slice(Math.floor(from), Math.floor(from + share));
    if (!part.length) continue;
    const low = part.reduce((left, right) => (right.drawn < left.drawn ? right : left));
    const high = part.reduce((left, right) => (right.drawn > left.drawn ? right : left));
    kept.push(...[...new Set([part[0], low, high, part.at(-1)])].sort((left, right) => left.time - right.time));
  }
  return kept;
}
