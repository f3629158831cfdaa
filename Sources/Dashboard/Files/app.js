// The frame: which view is shown, when it is refreshed, whether the server is there.

import { follow } from "./api.js";
import { h, setText } from "./dom.js";
import { showHalt } from "./halt.js";
import { overview } from "./overview.js";
import { session } from "./signin.js";

const views = {
  "": async () => overview,
  strategies: async () => (await import("./strategies.js")).strategies,
  strategy: async () => (await import("./strategy.js")).strategy,
  edit: async () => (await import("./edit.js")).edit,
  start: async () => (await import("./start.js")).start,
  history: async () => (await import("./history.js")).history,
  events: async () => (await import("./events.js")).events,
};

const main = document.getElementById("main");
const link = document.getElementById("link");

/** How often what is shown is asked for again, in milliseconds; events do so at once. */
const interval = 1000;
const shortest = 200;

let current = null;
let visit = 0;

// MARK: Views

async function show() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, argument] = path.split("/");
  const mine = ++visit;
  for (const anchor of document.querySelectorAll(".bar nav a")) {
    const target = anchor.getAttribute("href").replace("#/", "");
    const isHere = target === name || (target === "strategies" && ["strategy", "edit"].includes(name));
    if (isHere) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  const isFirst = current === null;
  let view;
  try {
    const make = await (views[name] ?? views[""])();
    view = make({ argument, query: new URLSearchParams(query ?? ""), refresh });
  } catch {
    // A module could not be loaded: no replica answered.
    if (mine === visit) setTimeout(show, interval);
    return;
  }
  if (mine !== visit) return;
  current?.leave?.();
  current = view;
  document.title = `${view.title} · Tenure`;
  main.replaceChildren(view.element);
  if (!isFirst) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  await refresh();
}

// MARK: Refreshing

let isRunning = false;
let isWanted = false;
let timer = null;
let notBefore = 0;
let failing = null;

/** Asks for what is shown, now; once more afterwards if it is asked for meanwhile. */
async function refresh() {
  if (isRunning) { isWanted = true; return; }
  isRunning = true;
  clearTimeout(timer);
  const view = current;
  const began = performance.now();
  try {
    await view?.refresh?.();
    failing = null;
  } catch (error) {
    if (error.status === undefined) throw error;
    failing ??= Date.now();
    if (error.status === 401) enter();
    else if (error.status >= 400 && error.status < 500) view?.refused?.(error);
  } finally {
    isRunning = false;
    tell();
    const again = isWanted || view !== current;
    isWanted = false;
    // Whoever has many strategies, or a slow way here, asks less often: most of the time nothing is asked.
    const took = performance.now() - began;
    notBefore = performance.now() + Math.max(shortest, took);
    const pause = again ? notBefore - performance.now() : Math.max(interval, took * 4);
    timer = setTimeout(refresh, document.hidden ? interval * 30 : pause);
  }
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

// MARK: Whether the server is there

let isOpen = false;
let lostAt = null;

function tell() {
  if (isOpen && !failing) {
    lostAt = null;
    link.dataset.state = "live";
    setText(link, "Live");
    return;
  }
  lostAt ??= Date.now();
  // Moving from one replica to another takes a moment, and is nothing to be told.
  if (Date.now() - lostAt < 400 && link.dataset.state === "live") { setTimeout(tell, 450); return; }
  const seconds = Math.floor((Date.now() - lostAt) / 1000);
  link.dataset.state = link.dataset.state === "opening" && seconds < 3 ? "opening" : "lost";
  setText(link, link.dataset.state === "opening" ? "Connecting …" : `Reconnecting … ${seconds} s`);
}

setInterval(() => { if (link.dataset.state !== "live") tell(); }, 1000);

const watch = () => follow(
  (event) => {
    if (event.kind === "halted" || event.kind === "unhalted") showHalt();
    current?.event?.(event);
    if (current?.wants?.(event) ?? true) {
      if (isRunning) isWanted = true;
      // At once after a silence; but events that never end do not make it ask without end.
      else { clearTimeout(timer); timer = setTimeout(refresh, Math.max(shortest / 4, notBefore - performance.now())); }
    }
  },
  (open) => {
    const isNew = open && !isOpen;
    isOpen = open;
    tell();
    // What happened in between may have been missed.
    if (isNew) { refresh(); showHalt(); }
  },
);

// MARK: Keyboard

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, select, textarea, dialog")) return;
  const search = main.querySelector("input[type=search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
});

// MARK: Who looks

let isEntering = false;
let isWatching = false;

async function enter() {
  if (isEntering) return;
  isEntering = true;
  current?.leave?.();
  current = null;
  await session(main);
  isEntering = false;
  if (!isWatching) watch();
  isWatching = true;
  show();
}

window.addEventListener("hashchange", () => {
  if (isEntering) return;
  if (location.hash === "#main") { main.focus(); return; }
  show();
});

// A program error is shown, and not only logged.
window.addEventListener("error", (event) => {
  main.prepend(h("p", { class: "panel bad", role: "alert" }, `The dashboard itself failed: ${event.message}`));
});

enter();
