import assert from "node:assert/strict";
import { test } from "node:test";
import {
  againstOf,
  changed,
  everyOf,
  readView,
  usageFilter,
  usual,
  type View,
  viewOfTenant,
  writeView,
} from "../source/address/view";

const id = (kind: string, end = "1") => `${kind}_${end.padStart(26, "0")}`;
const views: View[] = [
  usual,
  { ...usual, range: "LAST_12_MONTHS", every: "MONTH", lens: "messages", against: "SAME_RANGE_LAST_YEAR", page: 7 },
  {
    ...usual,
    range: { from: "2026-02-01", to: "2026-02-28" },
    against: null,
    agent: id("agent"),
    opening: id("opening"),
  },
  { ...usual, tenant: id("tenant"), range: "TODAY", every: "HOUR", against: "SAME_RANGE_LAST_MONTH", member: id("member") },
];

test("a view is the same after it was written into the address and read again", () => {
  for (const view of views) assert.deepEqual(readView(writeView(view)), view);
});

test("what is as usual is left out of the address", () => {
  assert.equal(writeView(usual), "");
  assert.deepEqual(readView(""), usual);
});

test("nonsense in the address counts as usual", () => {
  const nonsense =
    "?range=fortnight&every=century&lens=nothing&against=constructor&page=-3&from=2026-02-31&to=2026-03-01&agent=Bob&tenant=%00";
  assert.deepEqual(readView(nonsense), usual);
});

test("days that end before they begin are no range", () => {
  assert.equal(readView("?from=2026-03-02&to=2026-03-01").range, "LAST_7_DAYS");
});

test("another range, agent or member is read from the log's first page, and what leaves the log alone keeps its page", () => {
  const third = { ...usual, page: 3 };
  assert.equal(changed(third, { range: "TODAY" }).page, 1);
  assert.equal(changed(third, { agent: "agent_1" }).page, 1);
  assert.equal(changed(third, { member: "member_1" }).page, 1);
  assert.equal(changed(third, { lens: "calls" }).page, 3);
  assert.equal(changed(third, { page: 4 }).page, 4);
});

test("hours are left as the range becomes too long for them", () => {
  const today = changed(usual, { range: "TODAY", every: "HOUR" });
  assert.equal(today.every, "HOUR");
  assert.equal(changed(today, { range: "LAST_90_DAYS" }).every, null);
  assert.equal(readView("?range=last-90-days&every=hour").every, null);
});

test("another tenant's books are not filtered by this tenant's agents", () => {
  const view = viewOfTenant({ ...usual, agent: "agent_1", opening: "opening_1", page: 4, range: "TODAY" }, "tenant_2");
  assert.deepEqual(view, { ...usual, tenant: "tenant_2", range: "TODAY" });
});

test("the server is given a filter only where there is one", () => {
  assert.equal(usageFilter(usual), null);
  assert.deepEqual(usageFilter({ ...usual, agent: "a", member: "m" }), { agentIds: ["a"], memberIds: ["m"] });
});

test("the interval follows the range, unless another was chosen", () => {
  const every = (range: View["range"]) => everyOf({ ...usual, range });
  assert.equal(every("TODAY"), "HOUR");
  assert.equal(every("LAST_90_DAYS"), "DAY");
  for (const range of ["LAST_12_MONTHS", "THIS_YEAR", "ALL_TIME"] as const) assert.equal(every(range), "MONTH");
  assert.equal(every({ from: "2026-02-01", to: "2026-02-01" }), "HOUR");
  assert.equal(every({ from: "2026-02-01", to: "2026-03-01" }), "DAY");
  assert.equal(every({ from: "2025-02-01", to: "2026-03-01" }), "MONTH");
  assert.equal(everyOf(changed({ ...usual, every: "WEEK" }, { range: "ALL_TIME" })), "WEEK");
});

test("a range is compared with the days before it, and all time with nothing", () => {
  assert.equal(againstOf(usual), "PREVIOUS_RANGE");
  assert.equal(againstOf({ ...usual, range: "ALL_TIME" }), null);
});
