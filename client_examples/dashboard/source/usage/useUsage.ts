import { rangeInput, usageFilter, type View } from "../address/view";
import { EarlierUsageDocument, type PointFragment, UsageDocument, type UsageQuery } from "../graph/generated";
import { type Answer, useAnswer } from "../graph/useAnswer";

type Usage = NonNullable<UsageQuery["tenant"]>["usage"];

export type UsageAnswer = Answer<Usage> & {
  /** The points of the range that it is compared with; empty where there is none, or until they are there. */
  earlier: readonly PointFragment[];
};

const NONE: readonly PointFragment[] = [];

/** What was used in the view's range, and in the range that it is compared with. */
export function useUsage(tenant: string, view: View, revision: number): UsageAnswer {
  const filter = usageFilter(view);
  const { data, ...rest } = useAnswer(
    UsageDocument,
    {
      tenant,
      range: rangeInput(view.range),
      filter,
      every: view.every,
      compared: view.against !== null,
      against: view.against ?? "PREVIOUS_RANGE",
    },
    { revision },
  );
  const usage = data?.tenant?.usage;

  // The server says which days are compared, so that the rules of calendars are its own business.
  const days = view.against === null ? undefined : usage?.comparison?.range;
  const earlier = useAnswer(
    EarlierUsageDocument,
    days && !rest.isStale
      ? { tenant, range: { days: { from: days.firstDay, to: days.lastDay } }, filter, every: view.every }
      : null,
  );
  const isOfThese = days !== undefined && (rest.isStale || !earlier.isStale);
  return { ...rest, data: usage, earlier: (isOfThese && earlier.data?.tenant?.usage.series) || NONE };
}
