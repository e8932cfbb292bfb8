import assert from "node:assert/strict";
import { test } from "node:test";
import { mergedAlerts } from "../source/alerts/alerts";
import type { PurchaseFragment, WarningFragment } from "../source/graph/generated";
import { dayOf, showDays, showMoment, showSeconds } from "../source/parts/dates";
import { merged } from "../source/topups/purchases";
import { barsOf } from "../source/usage/bars";

const purchase = (id: string, status: PurchaseFragment["status"], day = 1): PurchaseFragment => ({
  id,
  status,
  credits: "10",
  automatic: false,
  requestedAt: `2026-03-0${day}T09:00:00Z`,
  settledAt: null,
  failure: null,
});

test("a purchase that is paid never waits again, whichever news comes first", () => {
  const [waiting, paid] = [purchase("a", "PENDING"), purchase("a", "SETTLED")];
  assert.deepEqual(merged([waiting], [paid]), [paid]);
  assert.deepEqual(merged([paid], [waiting]), [paid]);
});

test("purchases stand with the newest first", () => {
  const found = merged([purchase("old", "SETTLED", 1)], [purchase("new", "PENDING", 3), purchase("mid", "FAILED", 2)]);
  assert.deepEqual(
    found.map(({ id }) => id),
    ["new", "mid", "old"],
  );
});

test("an alert that is both answered and pushed is shown once, the newest first", () => {
  const alert = (seq: number) => ({ id: `alert_${seq}`, seq }) as WarningFragment;
  assert.deepEqual(
    mergedAlerts([alert(2), alert(1)], [alert(2), alert(3)]).map(({ seq }) => seq),
    [3, 2, 1],
  );
});

test("moments and days are those of the tenant's zone", () => {
  assert.equal(showMoment("2026-03-01T02:30:00Z", "America/New_York"), "28 Feb 2026, 21:30:00");
  assert.equal(dayOf("2026-03-01T02:30:00Z", "America/New_York"), "2026-02-28");
  assert.equal(showDays("2026-02-27", "2026-03-05").replaceAll("\u2009", " "), "27 Feb – 5 Mar 2026");
  assert.equal(showSeconds(3_725), "1 h 02 min");
  assert.equal(showSeconds(67), "1 min 07 s");
});

test("a chart keeps exact texts beside its pixels, and the longer of two ranges decides its length", () => {
  const point = (day: string, credits: string) => ({
    day,
    start: `${day}T00:00:00Z`,
    totals: { credits, calls: 2, messages: 3 },
  });
  const now = [point("2026-02-28", "9007199254740993.000001")];
  const then = [point("2026-01-28", "1"), point("2026-01-29", "2")];
  const [first, second] = barsOf(now, then, "credits", "DAY", "UTC");
  assert.equal(first?.now?.value, "9,007,199,254,740,993.000001");
  assert.deepEqual([second?.now, second?.then?.value], [null, "2"]);
  assert.deepEqual([first?.now?.label, first?.now?.tick], ["Sat 28 Feb", "28 Feb"]);
  assert.equal(barsOf(now, [], "calls", "MONTH", "UTC")[0]?.now?.label, "Feb 2026");
});
