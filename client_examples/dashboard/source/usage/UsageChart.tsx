import { useMemo, useState } from "preact/hooks";
import type { ChangeView } from "../address/useView";
import { againstOf, allowsHours, everyOf, type Lens, type View } from "../address/view";
import type { Against, Interval } from "../graph/generated";
import { Choice } from "../parts/Choice";
import { showDays } from "../parts/dates";
import { Panel } from "../parts/Panel";
import { Segments } from "../parts/Segments";
import { Skeleton } from "../parts/Skeleton";
import { Trouble } from "../parts/Trouble";
import { BarChart } from "./BarChart";
import { barsOf } from "./bars";
import { ChartTable } from "./ChartTable";
import { Difference } from "./Difference";
import { comparisonOf, type UsageAnswer } from "./useUsage";
import { againstNames, intervalNames, lensNames } from "./words";

type Props = { usage: UsageAnswer; view: View; hasOpenings: boolean; change: ChangeView };

const NONE = "none";
const lensOptions = Object.entries(lensNames).map(([value, label]) => ({ value: value as Lens, label }));
const againstOptions = [
  { value: NONE, label: "Nothing" },
  ...Object.entries(againstNames).map(([value, label]) => ({ value, label })),
];

/** Usage over time, through one of a few lenses, beside that of an earlier range. */
export function UsageChart({ usage, view, hasOpenings, change }: Props) {
  const { data, problem, again, isStale, earlier } = usage;
  const every = everyOf(view);
  const bars = useMemo(
    () => (data ? barsOf(data.series, earlier, view.lens, every, data.range.timeZone) : []),
    [data, earlier, view.lens, every],
  );
  const intervals = Object.entries(intervalNames)
    .map(([value, label]) => ({ value: value as Interval, label }))
    .filter(({ value }) => value !== "HOUR" || allowsHours(view.range));
  // Interviews are of openings.
  const lenses = lensOptions.filter(({ value }) => value !== "interviews" || hasOpenings || value === view.lens);
  const tools = (
    <>
      <Segments
        label="What the chart shows"
        value={view.lens}
        options={lenses}
        onChoose={(lens) => change({ lens })}
      />
      <Segments label="Interval" value={every} options={intervals} onChoose={(every) => change({ every })} />
      {view.range !== "ALL_TIME" && (
        <Choice
          label="Compare with"
          value={againstOf(view) ?? NONE}
          options={againstOptions}
          onChoose={(value) => change({ against: value === NONE ? null : (value as Against) })}
        />
      )}
    </>
  );
  return (
    <Panel title="Usage" tools={tools} class="usage" isStale={isStale && data !== undefined}>
      {data ? (
        <Drawn usage={data} bars={bars} lens={view.lens} />
      ) : problem ? (
        <Trouble problem={problem} again={again} />
      ) : (
        <Skeleton of="the chart" lines={6} />
      )}
    </Panel>
  );
}

type DrawnProps = { usage: NonNullable<UsageAnswer["data"]>; bars: ReturnType<typeof barsOf>; lens: Lens };

function Drawn({ usage, bars, lens }: DrawnProps) {
  const [showsTable, setShowsTable] = useState(false);
  const days = showDays(usage.range.firstDay, usage.range.lastDay);
  const comparison = comparisonOf(usage);
  const then = comparison && showDays(comparison.range.firstDay, comparison.range.lastDay);
  if (usage.isEmpty && bars.every((bar) => bar.then === null || bar.then.pixels === 0)) {
    return <p class="empty">Nothing was used in this range. Choose another range, or fewer filters.</p>;
  }
  return (
    <>
      <BarChart
        bars={bars}
        name={lensNames[lens]}
        description={`${lensNames[lens]} used, ${days}${then ? `, against ${then}` : ""}. The table below tells the same.`}
        nowName={days}
        thenName={then ?? null}
      />
      <Difference usage={usage} lens={lens} />
      <details class="as-table" onToggle={(event) => setShowsTable(event.currentTarget.open)}>
        <summary>Show the chart as a table</summary>
        {showsTable && (
          <ChartTable bars={bars} caption={`${lensNames[lens]} used, ${days}`} hasThen={then !== undefined} />
        )}
      </details>
    </>
  );
}
