// Amounts as the server means them: exact to the eighth digit, rounded as it rounds. Numbers of JavaScript only draw.

const one = 100_000_000n;

/** A decimal text in units of the eighth digit. */
export function decimal(text) {
  const parts = /^([+-]?)(\d+)(?:\.(\d{1,8})0*)?$/.exec(String(text));
  if (!parts) throw new RangeError(`“${text}” is no decimal with eight digits`);
  const units = BigInt(parts[2]) * one + BigInt((parts[3] ?? "").padEnd(8, "0"));
  return parts[1] === "-" ? -units : units;
}

/** The text again, without zeros at its end. */
export function text(units) {
  const digits = String(units < 0n ? -units : units).padStart(9, "0");
  const fraction = digits.slice(-8).replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -8)}${fraction && `.${fraction}`}`;
}

/** For drawing. */
export const number = (units) => Number(units) / 1e8;

/** `amount` × `numerator` ÷ `denominator`, rounded once, half to even. */
export function scaled(amount, numerator, denominator) {
  const product = amount * numerator;
  const magnitude = product < 0n ? -product : product;
  let quotient = magnitude / denominator;
  const twice = (magnitude % denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) quotient += 1n;
  return product < 0n ? -quotient : quotient;
}

export const product = (left, right) => scaled(left, right, one);

/** The sum of decimal texts, as a text. */
export const sum = (...texts) => text(texts.reduce((total, each) => total + decimal(each), 0n));
