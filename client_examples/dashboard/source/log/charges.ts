/** A call's charge in words. */

import { isZero } from "../books/decimal";
import type { CallDirection } from "../graph/generated";
import { showClock } from "../parts/dates";

type Answered = { direction: CallDirection; connectedAt?: string | null; startedAt: string };

/** What to click for the charge. What was charged and given back is not what was free. */
export function questionOf(charged: string, used: string): string {
  if (isZero(charged)) return "Free";
  return isZero(used) ? "Refunded" : "Why?";
}

/** Which part of a call is billed: an outbound call's from its answer on. */
export function countsFrom({ direction, connectedAt, startedAt }: Answered, zone: string): string {
  if (direction === "INBOUND") return `whole, from ${showClock(startedAt, zone)}`;
  return connectedAt ? `from the answer at ${showClock(connectedAt, zone)}` : "never answered, so free";
}
