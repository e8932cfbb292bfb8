/**
 * What is looked at, kept in the address of the page: it can be bookmarked and sent, and the back button works.
 * What is as usual is left out of the address; nonsense in it counts as usual.
 */

import type { Against, Interval, RangeInput, RangePreset, UsageFilter } from "../graph/generated";

export type Days = { from: string; to: string };
export type Lens = "credits" | "calls" | "messages" | "interviews";

export type View = {
  /** Whose books, where the key may see several. */
  tenant: string | null;
  range: RangePreset | Days;
  /** The chart's interval; null is the one that suits the range. */
  every: Interval | null;
  lens: Lens;
  /** What the range is compared with. All time has nothing before it: `againstOf` tells. */
  against: Against | null;
  agent: string | null;
  opening: string | null;
  member: string | null;
  /** The page of the call log. */
  page: number;
};

export const usual: View = {
  tenant: null,
  range: "LAST_7_DAYS",
  every: null,
  lens: "credits",
  against: "PREVIOUS_RANGE",
  agent: null,
  opening: null,
  member: null,
  page: 1,
};

export const presets: readonly RangePreset[] = [
  "TODAY",
  "LAST_7_DAYS",
  "LAST_30_DAYS",
  "LAST_90_DAYS",
  "LAST_12_MONTHS",
  "THIS_MONTH",
  "LAST_MONTH",
  "THIS_YEAR",
  "CURRENT_PERIOD",
  "PREVIOUS_PERIOD",
  "ALL_TIME",
];

const intervals: readonly Interval[] = ["HOUR", "DAY", "WEEK", "MONTH"];
const lenses: readonly Lens[] = ["credits", "calls", "messages", "interviews"];
const earlier: Record<string, Against | null> = {
  none: null,
  before: "PREVIOUS_RANGE",
  month: "SAME_RANGE_LAST_MONTH",
  year: "SAME_RANGE_LAST_YEAR",
};

/** The view that an address names. */
export function readView(search: string): View {
  const given = new URLSearchParams(search);
  const range = readRange(given);
  const every = among(intervals, named(given.get("every")));
  return {
    tenant: readId(given, "tenant"),
    range,
    every: every === "HOUR" && !allowsHours(range) ? null : every,
    lens: among(lenses, given.get("lens")) ?? usual.lens,
    against: readAgainst(given.get("against")),
    agent: readId(given, "agent"),
    opening: readId(given, "opening"),
    member: readId(given, "member"),
    page: readPage(given.get("page")),
  };
}

/** The address of a view, "" where everything is as usual. */
export function writeView(view: View): string {
  const parts = new URLSearchParams();
  const put = (name: string, value: string | null, otherwise: string | null) => {
    if (value !== null && value !== otherwise) parts.set(name, value);
  };
  put("tenant", view.tenant, null);
  if (typeof view.range === "string") put("range", worded(view.range), worded(usual.range as string));
  else {
    parts.set("from", view.range.from);
    parts.set("to", view.range.to);
  }
  put("every", view.every && worded(view.every), null);
  put("lens", view.lens, usual.lens);
  put("against", wordOf(view.against), wordOf(usual.against));
  put("agent", view.agent, null);
  put("opening", view.opening, null);
  put("member", view.member, null);
  put("page", String(view.page), "1");
  const text = parts.toString();
  return text && `?${text}`;
}

/** A view in which something was changed. What is counted anew is read from its first page. */
export function changed(view: View, change: Partial<View>): View {
  const next = { ...view, ...change };
  if (!("page" in change) && logQuestion(next) !== logQuestion(view)) next.page = 1;
  if (next.every === "HOUR" && !allowsHours(next.range)) next.every = null;
  return next;
}

/** Another tenant's books: its agents, openings and members are others. */
export function viewOfTenant(view: View, tenant: string | null): View {
  return { ...view, tenant, agent: null, opening: null, member: null, page: 1 };
}

export function rangeInput(range: View["range"]): RangeInput {
  return typeof range === "string" ? { preset: range } : { days: range };
}

export function usageFilter(view: View): UsageFilter | null {
  const filter: UsageFilter = {};
  if (view.agent) filter.agentIds = [view.agent];
  if (view.opening) filter.openingIds = [view.opening];
  if (view.member) filter.memberIds = [view.member];
  return Object.keys(filter).length ? filter : null;
}

const byMonth: readonly View["range"][] = ["LAST_12_MONTHS", "THIS_YEAR", "ALL_TIME"];
const DAY = 24 * 60 * 60_000;
/** More bars than that, one a day, nobody tells apart. */
const MOST_DAYS = 100;

/** The chart's interval: the one that was chosen, or else the one that suits the range. */
export function everyOf({ every, range }: View): Interval {
  if (every !== null) return every;
  if (typeof range === "string") return range === "TODAY" ? "HOUR" : byMonth.includes(range) ? "MONTH" : "DAY";
  if (range.from === range.to) return "HOUR";
  return (Date.parse(range.to) - Date.parse(range.from)) / DAY < MOST_DAYS ? "DAY" : "MONTH";
}

/** What the range is compared with: before all time there is nothing. */
export function againstOf({ against, range }: View): Against | null {
  return range === "ALL_TIME" ? null : against;
}

/** Hours are told of short ranges only: a chart of more would be a hedge. */
export function allowsHours(range: View["range"]): boolean {
  return range === "TODAY" || range === "LAST_7_DAYS" || (typeof range !== "string" && range.from === range.to);
}

/** Whether a text is a calendar day. */
export function isDay(text: string | null): text is string {
  if (text === null || !/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function readRange(given: URLSearchParams): View["range"] {
  const from = given.get("from");
  const to = given.get("to");
  if (isDay(from) && isDay(to) && from <= to) return { from, to };
  return among(presets, named(given.get("range"))) ?? usual.range;
}

/** An id tells what it is of: "agent_01jd...". */
function readId(given: URLSearchParams, kind: string): string | null {
  const id = given.get(kind);
  return id !== null && new RegExp(`^${kind}_[0-9a-z]{26}$`).test(id) ? id : null;
}

function readAgainst(given: string | null): Against | null {
  return given !== null && Object.hasOwn(earlier, given) ? (earlier[given] ?? null) : usual.against;
}

function readPage(given: string | null): number {
  return given !== null && /^[1-9]\d{0,6}$/.test(given) ? Number(given) : 1;
}

/** What the log is asked: the page counts within it. */
function logQuestion(view: View): string {
  return JSON.stringify([view.tenant, view.range, view.agent, view.member]);
}

const worded = (name: string): string => name.toLowerCase().replaceAll("_", "-");
const named = (word: string | null): string | null => word?.toUpperCase().replaceAll("-", "_") ?? null;
const wordOf = (against: Against | null): string =>
  Object.keys(earlier).find((word) => earlier[word] === against) ?? "none";

function among<T extends string>(allowed: readonly T[], word: string | null): T | null {
  return allowed.find((known) => known === word) ?? null;
}
