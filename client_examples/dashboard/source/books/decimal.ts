/**
 * Exact amounts of credits. The graph sends them as decimal texts with up to six decimals; a JavaScript number would
 * round them, so they are counted here in whole millionths (BigInt), and only the pixels of a chart are numbers.
 */

const DECIMALS = 6;
const MILLION = 1_000_000n;
const SHAPE = /^(-?)(\d+)(?:\.(\d{1,6}))?$/;

/** An amount in millionths. Null for a text that is no amount. */
export function readAmount(text: string): bigint | null {
  const found = SHAPE.exec(text.trim());
  if (found === null) return null;
  const [, sign, whole = "0", decimals = ""] = found;
  const millionths = BigInt(whole) * MILLION + BigInt(decimals.padEnd(DECIMALS, "0"));
  return sign ? -millionths : millionths;
}

/** The millionths of an amount that the server sent. */
export function millionths(text: string): bigint {
  const amount = readAmount(text);
  if (amount === null) throw new Error(`"${text}" is no amount of credits.`);
  return amount;
}

/** The amount as the graph writes it: no grouping, no zeros at the end. */
export function writeAmount(amount: bigint): string {
  const [whole, decimals] = split(amount);
  return sign(amount) + whole + (decimals ? `.${decimals}` : "");
}

/** An amount for people: 12345.5 is "12,345.5". `least` decimals are shown even where they are zeros. */
export function showAmount(text: string, least = 0): string {
  const amount = millionths(text);
  const [whole, decimals] = split(amount);
  const shown = decimals.padEnd(least, "0");
  return (amount < 0n ? "\u2212" : "") + grouped(whole) + (shown ? `.${shown}` : "");
}

/** A change for people: with its sign, also where it is positive. */
export function showChange(text: string, least = 0): string {
  return (isPositive(text) ? "+" : "") + showAmount(text, least);
}

export function add(one: string, other: string): string {
  return writeAmount(millionths(one) + millionths(other));
}

export function subtract(one: string, other: string): string {
  return writeAmount(millionths(one) - millionths(other));
}

/** Below 0, 0 or above it, as the first amount is less than, equal to or more than the second. */
export function compare(one: string, other: string): number {
  const [a, b] = [millionths(one), millionths(other)];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How large a change is, whichever way it goes. */
export function size(text: string): string {
  return isNegative(text) ? subtract("0", text) : text;
}

export function isZero(text: string): boolean {
  return millionths(text) === 0n;
}

export function isPositive(text: string): boolean {
  return millionths(text) > 0n;
}

export function isNegative(text: string): boolean {
  return millionths(text) < 0n;
}

/** A number for pixels: heights of bars, never amounts that are shown or added up. */
export function forPixels(text: string): number {
  return Number(millionths(text)) / Number(MILLION);
}

/** A part of a whole for pixels, 0 to 1; 0 where the whole is 0. */
export function partForPixels(part: string, whole: string): number {
  const all = forPixels(whole);
  return all > 0 ? Math.min(Math.max(forPixels(part) / all, 0), 1) : 0;
}

function split(amount: bigint): [whole: string, decimals: string] {
  const size = amount < 0n ? -amount : amount;
  const decimals = (size % MILLION).toString().padStart(DECIMALS, "0").replace(/0+$/, "");
  return [(size / MILLION).toString(), decimals];
}

function sign(amount: bigint): string {
  return amount < 0n ? "-" : "";
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}
