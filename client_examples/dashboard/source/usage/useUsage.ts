import { againstOf, everyOf, rangeInput, usageFilter, type View } from "../address/view";
import { type PointFragment, UsageDocument, type UsageQuery } from "../graph/generated";
import { type Answer, useAnswer } from "../graph/useAnswer";
import { isNothing } from "./totals";

type Usage = NonNullable<UsageQuery["tenant"]>["usage"];

export type UsageAnswer = Answer<Usage> & {
  /** The points of the range that it is compared with; empty where there is none. */
  earlier: readonly PointFragment[];
};

const NONE: readonly PointFragment[] = [];

/** What was used in the view's range, and in the range that it is compared with. */
export function useUsage(tenant: string, view: View, revision: number): UsageAnswer {
  const against = againstOf(view);
  const { data, ...rest } = useAnswer(
    UsageDocument,
    {
      tenant,
      range: rangeInput(view.range),
      filter: usageFilter(view),
      every: everyOf(view),
      compared: against !== null,
      against: against ?? "PREVIOUS_RANGE",
    },
    { revision },
  );
  const usage = data?.tenant?.usage;
  return { ...rest, data: usage, earlier: comparisonOf(usage)?.series ?? NONE };
}

/** What the range is compared with; undefined where nothing was used then, such as before the first day of all. */
export function comparisonOf(usage: Usage | undefined): NonNullable<Usage["comparison"]> | undefined {
  const comparison = usage?.comparison;
  return comparison && !isNothing(comparison.totals) ? comparison : undefined;
}
