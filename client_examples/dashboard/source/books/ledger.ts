/**
 * The account as it is known here: an answer of a query, then every change that was pushed, in the order of the ledger.
 *
 * Queries and pushes are numbered by the same `seq`, so it is always clear which of two is newer. Pushed entries must
 * follow each other without a gap; one that was seen before is not taken again.
 */

import type { BalanceChangedSubscription, StandingFragment } from "../graph/generated";

/** The amounts at one position of the ledger. */
export type Standing = StandingFragment;
export type Change = BalanceChangedSubscription["balanceChanged"];
export type Entry = Change["entries"][number];

export type Ledger = {
  /** The newest amounts that are known. */
  standing: Standing;
  /** The last entry that was pushed, or that the first answer already held: where to go on after a lost connection. */
  position: number;
  /** How many entries were pushed. */
  seen: number;
};

/** What is known after the first answer. */
export function begun(standing: Standing): Ledger {
  return { standing, position: standing.seq, seen: 0 };
}

/** What is known after another answer: it may be older than what was pushed meanwhile. */
export function answered(ledger: Ledger, standing: Standing): Ledger {
  return standing.seq > ledger.standing.seq ? { ...ledger, standing } : ledger;
}

/** What is known after a change. Entries that were seen are left out; a change that is older changes nothing. */
export function pushed(ledger: Ledger, change: Change): Ledger {
  const fresh = freshEntries(ledger, change);
  const { entries, ...standing } = change;
  return {
    standing: change.seq > ledger.standing.seq ? standing : ledger.standing,
    position: Math.max(ledger.position, change.seq),
    seen: ledger.seen + fresh.length,
  };
}

/** The entries of a change that were not seen before. */
export function freshEntries(ledger: Ledger, change: Change): Entry[] {
  return change.entries.filter((entry) => entry.seq > ledger.position);
}

/** Whether entries are missing before or within a change. Then it is not taken: the entries are asked for again. */
export function leavesGap(ledger: Ledger, change: Change): boolean {
  const seqs = freshEntries(ledger, change).map((entry) => entry.seq);
  const expected = seqs.map((_, index) => ledger.position + 1 + index);
  const ends = seqs.at(-1) ?? ledger.position;
  return seqs.some((seq, index) => seq !== expected[index]) || ends < change.seq;
}
