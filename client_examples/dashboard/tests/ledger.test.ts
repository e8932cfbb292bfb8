import assert from "node:assert/strict";
import { test } from "node:test";
import { answered, begun, type Change, leavesGap, pushed, type Standing } from "../source/books/ledger";

const standing = (seq: number): Standing => ({
  seq,
  available: String(1000 - seq),
  settled: String(1000 - seq),
  held: "0",
  overdrawn: "0",
  pools: [],
});
const change = (...seqs: number[]): Change => ({
  ...standing(seqs.at(-1)!),
  entries: seqs.map((seq) => ({ seq, kind: "USAGE", credits: "-1", balanceAfter: String(1000 - seq) })),
});

test("changes follow each other, and each entry counts once", () => {
  const ledger = [change(11), change(12, 13), change(14)].reduce(pushed, begun(standing(10)));
  assert.deepEqual(ledger, { standing: standing(14), position: 14, seen: 4 });
});

test("what is sent again after a lost connection is not taken twice", () => {
  const before = pushed(begun(standing(10)), change(11, 12));
  const again = pushed(before, change(11, 12));
  assert.deepEqual(again, before);
  const overlapping = pushed(before, change(12, 13));
  assert.deepEqual(overlapping, { standing: standing(13), position: 13, seen: 3 });
});

test("an answer that is older than what was pushed changes nothing", () => {
  const ledger = pushed(begun(standing(10)), change(11, 12));
  assert.equal(answered(ledger, standing(11)), ledger);
});

test("an answer that is ahead of the pushes shows at once, and its entries are still expected", () => {
  const ahead = answered(begun(standing(10)), standing(12));
  assert.deepEqual([ahead.standing.seq, ahead.position], [12, 10]);
  const after = pushed(ahead, change(11));
  assert.deepEqual([after.standing.seq, after.position, after.seen], [12, 11, 1]);
});

test("a missing entry is noticed, before a change, within it and at its end", () => {
  const ledger = begun(standing(10));
  assert.equal(leavesGap(ledger, change(11, 12)), false);
  assert.equal(leavesGap(ledger, change(12)), true);
  assert.equal(leavesGap(ledger, change(11, 13)), true);
  assert.equal(leavesGap(ledger, { ...change(11), seq: 12 }), true);
  assert.equal(leavesGap(ledger, change(9, 10)), false);
});
