import { useMemo, useState } from "preact/hooks";
import type { ChangeView } from "../address/useView";
import { allowsHours, type Lens, type View } from "../address/view";
import { isNegative, isZero, size } from "../books/decimal";
import type { Against, Interval } from "../graph/generated";
import { Amount } from "../parts/Amount";
import { Choice } from "../parts/Choice";
import { creditsWord, showDays } from "../parts/dates";
import { Panel } from "../parts/Panel";
import { Segments } from "../parts/Segments";
import { Skeleton } from "../parts/Skeleton";
import { Trouble } from "../parts/Trouble";
import { BarChart } from "./BarChart";
import { barsOf } from "./bars";
import { ChartTable } from "./ChartTable";
import type { UsageAnswer } from "./useUsage";
import { againstNames, intervalNames, lensNames } from "./words";

type Props = { usage: UsageAnswer; view: View; change: ChangeView };

const NONE = "none";
const lensOptions = Object.entries(lensNames).map(([value, label]) => ({ value: value as Lens, label }));
const againstOptions = [
  { value: NONE, label: "Nothing" },
  ...Object.entries(againstNames).map(([value, label]) => ({ value, label })),
];

/** Usage over time, through one of three lenses, beside that of an earlier range. */
export function UsageChart({ usage, view, change }: Props) {
  const { data, problem, again, isStale, earlier } = usage;
  const bars = useMemo(
    () => (data ? barsOf(data.series, earlier, view.lens, view.every, data.range.timeZone) : []),
    [data, earlier, view.lens, view.every],
  );
  const intervals = Object.entries(intervalNames)
    .map(([value, label]) => ({ value: value as Interval, label }))
    .filter(({ value }) => value !== "HOUR" || allowsHours(view.range));
  const tools = (
    <>
      <Segments
        label="What the chart shows"
        value={view.lens}
        options={lensOptions}
        onChoose={(lens) => change({ lens })}
      />
      <Segments label="Interval" value={view.every} options={intervals} onChoose={(every) => change({ every })} />
      <Choice
        label="Compare with"
        value={view.against ?? NONE}
        options={againstOptions}
        onChoose={(value) => change({ against: value === NONE ? null : (value as Against) })}
      />
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
  const then = usage.comparison && showDays(usage.comparison.range.firstDay, usage.comparison.range.lastDay);
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
      <Effects usage={usage} />
      <details class="as-table" onToggle={(event) => setShowsTable(event.currentTarget.open)}>
        <summary>Show the chart as a table</summary>
        {showsTable && (
          <ChartTable bars={bars} caption={`${lensNames[lens]} used, ${days}`} hasThen={then !== undefined} />
        )}
      </details>
    </>
  );
}

/** Where a change of the credits came from. */
function Effects({ usage }: { usage: DrawnProps["usage"] }) {
  const { comparison } = usage;
  if (!comparison || isZero(comparison.creditsChange)) return null;
  return (
    <p class="effects soft">
      <Amount of={size(comparison.creditsChange)} /> {creditsWord(size(comparison.creditsChange))}{" "}
      {isNegative(comparison.creditsChange) ? "less" : "more"} than on{" "}
      {showDays(comparison.range.firstDay, comparison.range.lastDay)}: <Amount of={comparison.volumeEffect} signed />{" "}
      from how much was used, <Amount of={comparison.priceEffect} signed /> from what it cost.
    </p>
  );
}
