import assert from "node:assert/strict";
import { test } from "node:test";
import { countsFrom, questionOf } from "../source/log/charges";

test("a call that was charged and refunded is not called free", () => {
  assert.equal(questionOf("0", "0"), "Free");
  assert.equal(questionOf("3.3", "0"), "Refunded");
  assert.equal(questionOf("3.3", "1.1"), "Why?");
});

test("an outbound call counts from its answer, an inbound one whole", () => {
  const call = { startedAt: "2026-11-21T10:54:40Z", connectedAt: "2026-11-21T10:54:52Z" };
  const told = (part: Partial<Parameters<typeof countsFrom>[0]>) =>
    countsFrom({ direction: "OUTBOUND", ...call, ...part }, "Europe/Berlin");
  assert.equal(told({}), "from the answer at 11:54:52");
  assert.equal(told({ connectedAt: null }), "never answered, so free");
  assert.equal(told({ direction: "INBOUND" }), "whole, from 11:54:40");
});
