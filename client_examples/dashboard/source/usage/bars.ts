/** The points of two ranges side by side: what a chart draws, and what its table says. */

import type { Lens } from "../address/view";
import { forPixels, showAmount } from "../books/decimal";
import type { Interval, PointFragment } from "../graph/generated";
import { showCount, showDay, showTime } from "../parts/dates";

/** One point: exact for people, a number for pixels, and what stands below it on the axis. */
export type Told = { label: string; tick: string; value: string; pixels: number };
/** The n-th interval of the range, and the n-th of the range before; where one is longer, the other is null. */
export type Bar = { now: Told | null; then: Told | null };

export function barsOf(
  now: readonly PointFragment[],
  then: readonly PointFragment[],
  lens: Lens,
  every: Interval,
  zone: string,
): Bar[] {
  const told = (point: PointFragment | undefined): Told | null =>
    point ? { label: labelOf(point, every, zone), tick: tickOf(point, every, zone), ...valueOf(point, lens) } : null;
  // An earlier range may have more intervals, such as a month of 31 days before one of 30.
  const length = Math.max(now.length, then.length);
  return Array.from({ length }, (_, index) => ({ now: told(now[index]), then: told(then[index]) }));
}

function labelOf(point: PointFragment, every: Interval, zone: string): string {
  if (every === "HOUR") return `${showDay(point.day, "short")}, ${showTime(point.start, zone)}`;
  if (every === "DAY") return showDay(point.day, "short");
  return every === "WEEK" ? `Week of ${showDay(point.day, "short")}` : showDay(point.day, "month");
}

/** There is little room on an axis. */
function tickOf({ start, day }: PointFragment, every: Interval, zone: string): string {
  if (every === "MONTH") return showDay(day, "month");
  const time = every === "HOUR" ? showTime(start, zone) : "00:00";
  return time === "00:00" ? showDay(day, "brief") : time;
}

function valueOf({ totals }: PointFragment, lens: Lens): { value: string; pixels: number } {
  if (lens === "credits") return { value: showAmount(totals.credits), pixels: forPixels(totals.credits) };
  return { value: showCount(totals[lens]), pixels: totals[lens] };
}
