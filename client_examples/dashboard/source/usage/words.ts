import type { Lens, View } from "../address/view";
import type { Against, Interval, RangePreset } from "../graph/generated";

export const rangeNames: Record<RangePreset, string> = {
  TODAY: "Today",
  LAST_7_DAYS: "Last 7 days",
  LAST_30_DAYS: "Last 30 days",
  LAST_90_DAYS: "Last 90 days",
  LAST_12_MONTHS: "Last 12 months",
  THIS_MONTH: "This month",
  LAST_MONTH: "Last month",
  THIS_YEAR: "This year",
  CURRENT_PERIOD: "This billing period",
  PREVIOUS_PERIOD: "Last billing period",
  ALL_TIME: "All time",
};

export const againstNames: Record<Against, string> = {
  PREVIOUS_RANGE: "The days before",
  SAME_RANGE_LAST_MONTH: "Last month",
  SAME_RANGE_LAST_YEAR: "Last year",
};

export const intervalNames: Partial<Record<Interval, string>> = {
  HOUR: "Hour",
  DAY: "Day",
  WEEK: "Week",
  MONTH: "Month",
};

export const lensNames: Record<Lens, string> = {
  credits: "Credits",
  calls: "Calls",
  messages: "Messages",
  interviews: "Interviews",
};

export function rangeName(range: View["range"]): string {
  return typeof range === "string" ? rangeNames[range] : "Days of your choice";
}
