/** Purchases from several places, each once and as far as it has come: a purchase that has ended never waits again. */

import type { PurchaseFragment } from "../graph/generated";

export function merged(some: readonly PurchaseFragment[], others: readonly PurchaseFragment[]): PurchaseFragment[] {
  const known = new Map<string, PurchaseFragment>();
  for (const purchase of [...some, ...others]) {
    const before = known.get(purchase.id);
    if (before === undefined || before.status === "PENDING") known.set(purchase.id, purchase);
  }
  return [...known.values()].sort(newestFirst);
}

function newestFirst(one: PurchaseFragment, other: PurchaseFragment): number {
  return other.requestedAt < one.requestedAt ? -1 : other.requestedAt > one.requestedAt ? 1 : 0;
}
