// What the fills of a strategy come to, over time: average-cost accounting, as the server keeps its books.

import { get } from "./api.js";
import { decimal, product, scaled } from "./decimal.js";

/** Fills that are kept: of a strategy that has more of them, the latest. */
const most = 5000;

/** The fills of a strategy, oldest first. */
export class Fills {
  items = [];
  /** Whether these are all that there ever were. */
  isWhole = false;

  /** Fetches what is new since the last time. */
  async load(path) {
    const fresh = [];
    const last = this.items.at(-1)?.id;
    let cursor;
    let isKnown = false;
    do {
      const page = await get(`${path}/fills`, { limit: last === undefined ? 500 : 100, cursor });
      for (const fill of page.items) {
        isKnown = fill.trade_id === last;
        if (isKnown) break;
        fresh.push(read(fill));
      }
      cursor = page.next_cursor;
    } while (cursor && !isKnown && fresh.length < most);
    if (!isKnown) {
      this.items = [];
      this.isWhole = !cursor;
    }
    this.items.push(...fresh.reverse());
    if (this.items.length > most) {
      this.items.splice(0, this.items.length - most);
      this.isWhole = false;
    }
  }
}

function read(fill) {
  return {
    id: fill.trade_id, time: Date.parse(fill.time), side: fill.side, price: decimal(fill.price),
    quantity: decimal(fill.quantity), fee: decimal(fill.fee), shown: fill,
  };
}

class Books {
  quantity = 0n;
  cost = 0n;
  realised = 0n;

  book({ side, price, quantity, fee }) {
    const amount = product(price, quantity);
    if (side === "buy") {
      this.quantity += quantity;
      this.cost += amount;
    } else {
      const sold = quantity < this.quantity ? quantity : this.quantity;
      const cost = sold === this.quantity ? this.cost : scaled(this.cost, sold, this.quantity);
      this.quantity -= sold;
      this.cost -= cost;
      this.realised += amount - cost;
    }
    this.realised -= fee;
  }

  at(price) { return this.realised + product(this.quantity, price) - this.cost; }
}

/**
 * What the strategy had earned after each fill, and after each candle that is known: realised, net of fees, and not realised.
 * Times are milliseconds, values units of the eighth digit.
 * @param {Fills} fills
 * @param {{time: number, close: number}[]} candles
 * @param {number} interval Of a candle, in milliseconds.
 * @param {object} now `startedAt`, and what the server says: `pnl`, `trades`.
 */
export function earnings(fills, candles, interval, { startedAt, pnl, trades }) {
  const books = new Books();
  const points = [];
  // What is not known of the time before the first fill is made up for: the end is what the server says it is.
  const isKnown = fills.isWhole;
  const first = fills.items.findIndex((fill) => fill.side === "buy");
  const due = isKnown ? fills.items : first < 0 ? [] : fills.items.slice(first);
  if (isKnown) points.push({ time: startedAt, value: 0n });
  let next = 0;
  const book = (until) => {
    for (; next < due.length && due[next].time <= until; next += 1) {
      books.book(due[next]);
      points.push({ time: due[next].time, value: books.at(due[next].price) });
    }
  };
  for (const candle of candles) {
    const closed = candle.time + interval;
    book(closed);
    if (closed >= startedAt && (isKnown || next > 0)) points.push({ time: closed, value: books.at(candle.exactClose) });
  }
  book(Infinity);
  // A fill that came between two answers is no difference.
  const shift = fills.isWhole && trades !== fills.items.length ? 0n : decimal(pnl) - books.realised;
  if (shift !== 0n) for (const point of points) point.value += shift;
  if (shift !== 0n && isKnown) points[0].value = 0n;
  return points.sort((left, right) => left.time - right.time);
}

/** The deepest fall from a height that was reached before, as a positive amount. */
export function drawdown(points) {
  let [highest, deepest] = [0n, 0n];
  for (const { value } of points) {
    if (value > highest) highest = value;
    if (highest - value > deepest) deepest = highest - value;
  }
  return deepest;
}
