/** What sums say at a glance. */

import { isZero } from "../books/decimal";
import type { TotalsFragment } from "../graph/generated";

/** How many activities there were, of every kind. */
export function activitiesOf({ calls, messages, interviews, transcripts, facts, documents }: TotalsFragment): number {
  return calls + messages + interviews + transcripts + facts + documents;
}

/** Whether nothing happened and nothing was charged. */
export function isNothing(totals: TotalsFragment): boolean {
  return isZero(totals.credits) && activitiesOf(totals) === 0;
}
