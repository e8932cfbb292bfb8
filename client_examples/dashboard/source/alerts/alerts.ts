/** Alerts from several places, each once. They are numbered by themselves: the highest number is the newest. */

import type { WarningFragment } from "../graph/generated";

export function mergedAlerts(...lists: (readonly WarningFragment[])[]): WarningFragment[] {
  const known = new Map(lists.flat().map((alert) => [alert.seq, alert]));
  return [...known.values()].sort((one, other) => other.seq - one.seq);
}
