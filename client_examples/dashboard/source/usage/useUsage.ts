import { againstOf, everyOf, rangeInput, usageFilter, type View } from "../address/view";
import { EarlierUsageDocument, type PointFragment, UsageDocument, type UsageQuery } from "../graph/generated";
import { type Answer, useAnswer } from "../graph/useAnswer";
import { isNothing } from "./totals";

type Usage = NonNullable<UsageQuery["tenant"]>["usage"];

export type UsageAnswer = Answer<Usage> & {
  /** The points of the range that it is compared with; empty where there is none, or until they are there. */
  earlier: readonly PointFragment[];
};

const NONE: readonly PointFragment[] = [];

/** What was used in the view's range, and in the range that it is compared with. */
export function useUsage(tenant: string, view: View, revision: number): UsageAnswer {
  const filter = usageFilter(view);
  const every = everyOf(view);
  const against = againstOf(view);
  const { data, ...rest } = useAnswer(
    UsageDocument,
    {
      tenant,
      range: rangeInput(view.range),
      filter,
      every,
      compared: against !== null,
      against: against ?? "PREVIOUS_RANGE",
    },
    { revision },
  );
  const usage = data?.tenant?.usage;

  // The server says which days are compared, so that the rules of calendars are its own business.
  const days = against === null ? undefined : comparisonOf(usage)?.range;
  const earlier = useAnswer(
    EarlierUsageDocument,
    days && !rest.isStale
      ? { tenant, range: { days: { from: days.firstDay, to: days.lastDay } }, filter, every }
      : null,
  );
  const isOfThese = days !== undefined && (rest.isStale || !earlier.isStale);
  return { ...rest, data: usage, earlier: (isOfThese && earlier.data?.tenant?.usage.series) || NONE };
}

/** What the range is compared with; undefined where nothing was used then, such as before the first day of all. */
export function comparisonOf(usage: Usage | undefined): NonNullable<Usage["comparison"]> | undefined {
  const comparison = usage?.comparison;
  return comparison && !isNothing(comparison.totals) ? comparison : undefined;
}
