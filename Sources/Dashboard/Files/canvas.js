// What the charts share: a canvas that follows its size, the colours of the page, lines and axes.

import { h } from "./dom.js";
import { shortTime, timeOfDay } from "./format.js";

export const right = 74;
export const bottom = 20;
const names = ["text", "quiet", "grid", "up", "down", "buy", "sell", "accent", "loss", "gain", "panel"];

/**
 * A canvas that is drawn again when its data, its size, the pointer or the colours change.
 * @param {(context: CanvasRenderingContext2D, width: number, height: number, colors: object, pointer: {x: number, y: number}|null) => void} paint
 * @param {string} label What it shows as long as it shows nothing.
 */
export function surface(paint, label) {
  const canvas = h("canvas", { role: "img", "aria-label": label });
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
    const colors = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`)]));
    context.font = `11px ${style.fontFamily}`;
    paint(context, width, height, colors, pointer);
  }

  return {
    canvas, later,
    end() {
      observer.disconnect();
      dark.removeEventListener("change", later);
    },
  };
}

export function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/** Says in the middle why there is nothing. */
export function nothing(context, colors, width, height, text) {
  context.fillStyle = colors.quiet;
  context.textAlign = "center";
  context.fillText(text, width / 2, height / 2);
}

/** The least and the greatest, with some room around them. */
export function reach(values) {
  let [low, top] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > top) top = value;
  }
  const pad = (top - low || Math.abs(top) * 0.001 || 1) * 0.06;
  return [low - pad, top + pad];
}

/** Round numbers, a hand's breadth apart. */
export function axis(context, colors, plot, low, top, y, height) {
  const rough = (top - low) / Math.max(2, height / 46);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough);
  const digits = Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9)));
  context.textAlign = "left";
  for (let count = Math.ceil(low / step); count * step <= top; count += 1) {
    // No zero below zero.
    const value = count * step || 0;
    const at = Math.round(y(value)) + 0.5;
    context.strokeStyle = colors.grid;
    line(context, 0, at, plot, at);
    context.fillStyle = colors.quiet;
    context.fillText(value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }), plot + 8, at + 4);
  }
}

/**
 * Moments along the bottom.
 * @param {(x: number) => number} moment In milliseconds.
 * @param {number} precision What tells two of them apart, in milliseconds.
 */
export function times(context, colors, from, plot, y, moment, precision) {
  context.fillStyle = colors.quiet;
  context.textAlign = "center";
  const format = precision < 60000 ? timeOfDay : shortTime;
  for (let x = from + 48; x < plot - 40; x += 100) context.fillText(format(moment(x)), x, y + 14);
}
