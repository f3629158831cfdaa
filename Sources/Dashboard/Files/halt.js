// The switch for all trading, on every page.

import { get, post, remove } from "./api.js";
import { ask, reasonField } from "./dialog.js";
import { h, note, setText } from "./dom.js";
import { dateTime } from "./format.js";

const button = document.getElementById("halt");
const banner = document.getElementById("halted");
const words = h("span");
const lift = h("button", { type: "button", class: "admin", onclick: unhalt }, "Lift the halt …");
banner.append(words, lift);
button.addEventListener("click", halt);

/** What is true is asked for: when the page opens, after an interruption, and whenever an event tells of a change. */
export async function showHalt() {
  try {
    show(await get("/api/halt"));
  } catch {
    // No replica answers, which is told elsewhere; asked again when one does.
  }
}

function show(state) {
  banner.hidden = !state.halted;
  button.hidden = state.halted;
  if (!state.halted) return;
  const by = state.by ? ` by ${state.by}` : "";
  const awaited = state.awaited.length ? ` Not confirmed yet by ${state.awaited.map((one) => one.name).join(", ")}.` : "";
  setText(words, `Trading is halted since ${dateTime(state.since)}${by}: ${state.reason}. No order leaves.${awaited}`);
  if (state.awaited.length) setTimeout(showHalt, 1000);
}

async function halt() {
  const answer = await ask({
    title: "Halt all trading?", kind: "bad", confirm: "Halt all trading", phrase: "halt",
    lines: [
      "From this moment no order leaves, from any replica, with live money or on paper: no entries, and no exits. Stop-losses do not sell either.",
      "What is held stays as it is. Strategies go on watching the market, and orders that have left already are followed to their end.",
      "It holds until somebody lifts it, through every restart.",
    ],
    fields: [reasonField("Reason, for everybody", "halted by an operator")],
  });
  if (!answer) return;
  try {
    const state = await post("/api/halt", { reason: answer.get("reason") });
    show(state);
    note("Trading is halted.");
  } catch (error) { note(error.message, "bad"); }
}

async function unhalt() {
  const answer = await ask({
    title: "Let strategies trade again?", kind: "bad", confirm: "Lift the halt", phrase: "trade",
    lines: ["Every strategy that is not paused trades again from its next candle on. What was refused meanwhile is not made up for."],
  });
  if (!answer) return;
  try {
    show(await remove("/api/halt"));
    note("Strategies trade again.");
  } catch (error) { note(error.message, "bad"); }
}
