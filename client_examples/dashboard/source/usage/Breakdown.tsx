import { isZero } from "../books/decimal";
import type { TotalsFragment } from "../graph/generated";
import { Amount } from "../parts/Amount";
import { counted, showCount } from "../parts/dates";
import { Panel } from "../parts/Panel";
import { Skeleton } from "../parts/Skeleton";
import { Trouble } from "../parts/Trouble";
import { activitiesOf, isNothing } from "./totals";
import type { UsageAnswer } from "./useUsage";

type Props = {
  usage: UsageAnswer;
  by: "agent" | "opening";
  /** The id that the page is filtered by. */
  chosen: string | null;
  onChoose: (id: string | null) => void;
};

const words = {
  agent: { title: "By agent", one: "agent", nobody: "Without an agent", activity: "Activities" },
  opening: { title: "By opening", one: "opening", nobody: "Without an opening", activity: "Interviews" },
};

/** Who used how much, the largest first. A name filters the whole page by it. */
export function Breakdown({ usage, by, chosen, onChoose }: Props) {
  const { data, problem, again, isStale } = usage;
  const word = words[by];
  const activity = (totals: TotalsFragment) => showCount(by === "agent" ? activitiesOf(totals) : totals.interviews);
  const body = () => {
    if (!data) return problem ? <Trouble problem={problem} again={again} /> : <Skeleton of={word.title} lines={5} />;
    const { slices: all, other, otherCount } = by === "agent" ? data.byAgent : data.byOpening;
    const slices = all.filter(({ totals }) => !isNothing(totals));
    const named = slices.some((slice) => slice.key !== "");
    if (!named && (by === "opening" || slices.length === 0)) {
      return <p class="empty">No {word.one} used anything in this range.</p>;
    }
    return (
      <div class="scroll">
        <table class="breakdown">
          <caption class="for-readers">Usage {word.title.toLowerCase()}, the largest first</caption>
          <thead>
            <tr>
              <th scope="col">{by === "agent" ? "Agent" : "Opening"}</th>
              <th scope="col" class="number">
                {word.activity}
              </th>
              <th scope="col" class="number">
                Credits
              </th>
              <th scope="col" class="number">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {slices.map(({ key, label, share, totals }) => (
              <tr key={key} class={key !== "" && key === chosen ? "chosen" : ""}>
                <th scope="row">
                  {key === "" ? (
                    <span class="soft">{word.nobody}</span>
                  ) : (
                    <button
                      type="button"
                      class="link"
                      aria-pressed={key === chosen}
                      title={key === chosen ? "Show all again" : `Show only ${label}`}
                      onClick={() => onChoose(key === chosen ? null : key)}
                    >
                      {label}
                    </button>
                  )}
                </th>
                <td class="number">{activity(totals)}</td>
                <td class="number">
                  <Amount of={totals.credits} least={2} />
                </td>
                <td class="number share">
                  <meter min={0} max={1} value={Math.max(share, 0)} aria-hidden="true" />
                  {(share * 100).toFixed(1)} %
                </td>
              </tr>
            ))}
            {otherCount > 0 && !isZero(other.credits) && (
              <tr>
                <th scope="row">
                  <span class="soft">{counted(otherCount, "other")}</span>
                </th>
                <td class="number">{activity(other)}</td>
                <td class="number">
                  <Amount of={other.credits} least={2} />
                </td>
                <td />
              </tr>
            )}
          </tbody>
        </table>
      </div>
    );
  };
  return (
    <Panel title={word.title} isStale={isStale && data !== undefined}>
      {body()}
    </Panel>
  );
}
