// How numbers, moments and words are shown.

const two = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const many = new Intl.NumberFormat("en-US", { maximumFractionDigits: 8 });
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const count = (value) => whole.format(value);

/** An amount of quote units. Small ones keep two digits that say something. */
export function money(text) {
  const value = Number(text);
  if (value !== 0 && Math.abs(value) < 0.1) return Number(value.toPrecision(2)).toFixed(Math.min(8, 1 - Math.floor(Math.log10(Math.abs(value)))));
  // As a text it is formatted exactly, however long it is.
  return two.format(text);
}

/** The same with its sign: a true minus, as wide as the plus. */
export function signed(text) {
  const value = Number(text);
  const digits = money(text).replace("-", "");
  return value > 0 ? `+${digits}` : value < 0 ? `−${digits}` : digits;
}

/** What a gain or a loss looks like. */
export const tone = (text) => (Number(text) > 0 ? "gain" : Number(text) < 0 ? "loss" : "");

/** A quantity or a price, all digits that count. */
export const exact = (text) => many.format(text);

/** A parameter or a limit, as it was given. */
export const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));

const units = { s: 1000, m: 60000, h: 3600000, d: 86400000, w: 604800000 };
/** How long a candle lasts. */
export const milliseconds = (interval) => parseInt(interval, 10) * units[interval.at(-1)];

/** Rounded down: what is not quite used up does not look as if it were. */
export const percent = (share) => `${whole.format(Math.floor(share * 100))} %`;

let offset = 0;
/** The servers' clock decides: told with every overview. */
export const setClock = (moment) => { offset = Date.parse(moment) - Date.now(); };
export const now = () => Date.now() + offset;

export function duration(milliseconds) {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** How long ago, coarse. */
export function age(moment) {
  if (!moment) return "–";
  const milliseconds = now() - Date.parse(moment);
  return milliseconds < 1000 ? "now" : duration(milliseconds);
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { year: "numeric", month: "short", day: "2-digit" });
const short = new Intl.DateTimeFormat("en-GB", { month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit" });

export const timeOfDay = (moment) => clock.format(new Date(moment));
export const dateTime = (moment) => (moment ? `${day.format(new Date(moment))} ${timeOfDay(moment)}` : "–");
export const shortTime = (moment) => short.format(new Date(moment));

/** The time; with the day where that is not today's. */
export function when(moment) {
  const date = new Date(moment);
  return date.toDateString() === new Date(now()).toDateString() ? clock.format(date) : short.format(date);
}

/**
 * What happened, as a sentence.
 * @param {Map<number, string>} names Symbols by the id of the strategy.
 * @param {Map<number, string>} replicas Names by the id of the replica.
 */
export function sentence(event, names = new Map(), replicas = new Map()) {
  const details = event.details ?? {};
  const symbol = details.symbol ?? names.get(event.strategy_id)
    ?? (event.strategy_id ? `strategy ${event.strategy_id}` : "");
  const replica = details.name ?? replicas.get(event.replica_id) ?? (event.replica_id ? `replica ${event.replica_id}` : "a replica");
  const strategies = (number) => (number === 1 ? "1 strategy" : `${number ?? 0} strategies`);
  const by = details.by && event.kind !== "fenced" ? `, by ${details.by}` : "";
  switch (event.kind) {
    case "started": return `${symbol} started: ${details.strategy_type ?? ""} ${details.interval ?? ""} (${details.execution ?? ""})${by}`;
    case "changed": return `${symbol} changed: ${differences(details.changes)}${by}`;
    case "change_applied": return `${symbol} trades with what was changed (version ${details.version ?? "?"})`;
    case "position_closed": return `${symbol} closed its position: ${details.reason ?? "asked"}${Number(details.position) ? `; ${exact(details.position)} could not be sold` : ""}`;
    case "close_requested": return `${symbol} is to close its position: ${details.reason ?? "asked"}${by}`;
    case "paused": return `${symbol} paused: no new entries${by}`;
    case "resumed": return `${symbol} resumed${by}`;
    case "stop_requested": return `${symbol} is to stop: ${details.reason ?? "asked"}${by}`;
    case "stopped": return `${symbol} stopped: ${details.reason ?? ""}`;
    case "failed": return `${symbol} failed: ${details.error ?? ""}`;
    case "quarantined": return `${symbol} quarantined: ${details.reason ?? ""}`;
    case "order": return `${symbol} order: ${details.side} ${exact(details.quantity)} (${details.reason}), ${details.status}`;
    case "fill": return `${symbol} ${details.side === "buy" ? "bought" : "sold"} ${exact(details.quantity)} at ${exact(details.price)}`;
    case "fenced": return `${replica} declared dead: ${details.reason ?? ""}`;
    case "claimed": return `${replica} took ${strategies(details.strategies)}${details.reason ? ` (${details.reason})` : ""}`;
    case "restored": return `${replica} restored ${strategies(details.strategies)}`;
    case "handed_over": return `${replica} handed over ${details.strategies === undefined ? `${details.shards} shards` : strategies(details.strategies)}`;
    case "orphaned": return `${strategies(details.strategies)} without an owner: nobody has room`;
    case "drain_requested": return `${replica} was asked to hand everything over${by}`;
    case "limit_reached": return `${symbol} opens nothing: ${details.reason ?? ""} (${(details.limit ?? "").replaceAll("_", " ")})`;
    case "in_doubt": return `${symbol}: ${details.reason ?? details.error ?? "an order is in doubt"}`;
    case "order_refused":
    case "change_refused":
    case "entries_paused": return `${symbol}: ${details.reason ?? ""}`;
    case "limit_set": return `Exposure limit of ${details.execution === "live" ? "live money" : details.execution} ${details.to ? `set to ${exact(details.to)}` : "taken away"}${details.from ? ` (was ${exact(details.from)})` : ""}${by}`;
    case "halted": return `All trading halted: ${details.reason ?? ""}${by}`;
    case "unhalted": return `Trading goes on: the halt is lifted${by}`;
    default: return [event.kind.replaceAll("_", " "), symbol, JSON.stringify(details)].filter(Boolean).join(" · ");
  }
}

/** What was and what is, of each parameter and limit that was changed. */
function differences(changes) {
  return Object.values(changes ?? {}).flatMap((part) => Object.entries(part ?? {}))
    .map(([name, change]) => `${name.replaceAll("_", " ")} ${shown(change?.from)} → ${shown(change?.to)}`).join(", ");
}

const shown = (value) => (value === null || value === undefined ? "none" : plain(value));

/** How much an event wants to be seen. */
export function weight(kind) {
  if (["failed", "quarantined", "fenced", "orphaned", "in_doubt", "halted"].includes(kind)) return "bad";
  if (["claimed", "handed_over", "drain_requested", "paused", "limit_reached", "order_refused", "change_refused", "entries_paused", "close_requested"].includes(kind)) return "warn";
  if (["started", "restored", "resumed", "unhalted"].includes(kind)) return "good";
  return "plain";
}
