// The fields of a mode's parameters, made of their JSON Schema, and those of the limits.

import { h } from "./dom.js";
import { entry, options, value } from "./fields.js";

export const title = (name) => name.replaceAll("_", " ");

/** @param {object} given Values instead of the schema's defaults. */
export function parameterFields(fields, schema, given = {}) {
  fields.drop("config.");
  const names = Object.keys(schema).sort((left, right) => schema[left]["x-order"] - schema[right]["x-order"]);
  return names.map((name) => fields.add(`config.${name}`, title(name), control(schema[name], given[name]), {
    hint: schema[name].description,
    unit: schema[name]["x-kind"] === "percent" ? "%" : schema[name]["x-unit"] ?? "",
    check: (text) => wrongWith(schema[name], text),
  }));
}

/** What was entered, as the server wants it. */
export function readParameters(fields, schema) {
  return Object.fromEntries(Object.entries(schema).map(([name, property]) => {
    const text = value(fields.control(`config.${name}`));
    if (property.type === "integer") return [name, Number(text)];
    if (property.type === "boolean") return [name, text === "true"];
    return [name, text];
  }));
}

function control(property, given = property.default) {
  const choices = property.enum ?? (property.type === "boolean" ? ["true", "false"] : null);
  if (!choices) return entry(property.type === "integer" ? "numeric" : "decimal", String(given));
  const element = h("select", {}, ...options(choices));
  element.value = String(given);
  return element;
}

const amount = /^\d{1,10}(\.\d{1,8})?$/;
/** What is wrong with an amount of quote units that must be above zero. */
export const wrongAmount = (text) => (amount.test(text) && Number(text) > 0 ? null : "must be an amount above zero");
const wrongCount = (text) => (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= 6000 ? null : "must be a whole number from 1 to 6000");

/** Name, title, hint, unit. */
export const limits = [
  ["order_value", "One order", "What an entry may cost.", "in quote units"],
  ["position_value", "Position", "What it may hold, entries under way included.", "in quote units"],
  ["daily_loss", "Loss in a day", "Then it opens nothing until midnight, UTC.", "in quote units"],
  ["orders_per_minute", "Orders in a minute", "Entries and exits count.", ""],
];

/** @param {object} usual What counts where nothing is entered. */
export function limitFields(fields, given = {}, usual = {}) {
  return limits.map(([name, words, hint, unit]) => {
    const check = unit ? wrongAmount : wrongCount;
    return fields.add(`limits.${name}`, words, entry(unit ? "decimal" : "numeric", String(given[name] ?? "")), {
      hint: usual[name] === undefined ? hint : `${hint} Empty: ${usual[name]}, the default here.`,
      unit, check: (text) => (text === "" ? null : check(text)),
    });
  });
}

/** Those that were entered. */
export function readLimits(fields) {
  return Object.fromEntries(limits.map(([name, , , unit]) => [name, value(fields.control(`limits.${name}`)), unit])
    .filter(([, text]) => text !== "").map(([name, text, unit]) => [name, unit ? text : Number(text)]));
}

/** The same rules as the server's, said as one types; the server has the last word, and knows what holds between fields. */
function wrongWith(property, text) {
  if (property.enum || property.type === "boolean") return null;
  if (text === "") return "is missing";
  if (property.type === "integer" ? !/^[+-]?\d+$/.test(text) : !new RegExp(property.pattern).test(text)) {
    return property.type === "integer" ? `must be a whole number, like ${property.default}` : `must be a decimal number, like ${property.default}`;
  }
  const number = Number(text);
  if (property.minimum !== undefined && number < property.minimum) return `must be at least ${property.minimum}`;
  if (property.maximum !== undefined && number > property.maximum) return `must be at most ${property.maximum}`;
  if (property.exclusiveMinimum !== undefined && number <= property.exclusiveMinimum) return `must be greater than ${property.exclusiveMinimum}`;
  if (property.exclusiveMaximum !== undefined && number >= property.exclusiveMaximum) return `must be less than ${property.exclusiveMaximum}`;
  return null;
}
