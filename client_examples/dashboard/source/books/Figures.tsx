import type { ComponentChildren } from "preact";
import { Amount } from "../parts/Amount";
import { counted, showCount, showDays, showSeconds } from "../parts/dates";
import { Panel } from "../parts/Panel";
import { Skeleton } from "../parts/Skeleton";
import { Trouble } from "../parts/Trouble";
import { comparisonOf, type UsageAnswer } from "../usage/useUsage";
import type { Tenant } from "./useBooks";
import type { Choices } from "./useChoices";

type Props = { usage: UsageAnswer; tenant: Tenant; choices: Choices };

/** The sums of the range, each beside that of the range that it is compared with; and what of the plan is taken now. */
export function Figures({ usage, tenant, choices }: Props) {
  const { data, problem, isStale, again } = usage;
  if (!data) {
    return (
      <Panel title="Figures">
        {problem ? <Trouble problem={problem} again={again} /> : <Skeleton of="the figures" />}
      </Panel>
    );
  }
  const { totals } = data;
  const comparison = comparisonOf(data);
  const then = comparison?.totals;
  const chatbots = choices.agents.filter((agent) => agent.channel === "CHAT" && agent.isLive).length;
  return (
    <Panel
      title="Figures"
      isStale={isStale}
      tools={
        <span class="soft">
          {showDays(data.range.firstDay, data.range.lastDay)}
          {comparison && `, against ${showDays(comparison.range.firstDay, comparison.range.lastDay)}`}
        </span>
      }
    >
      <dl class="figures">
        <Figure name="Credits used" note={<Ratio ratio={comparison?.changeRatio} isCompared={!!comparison} />}>
          <Amount of={totals.credits} />
        </Figure>
        <Figure name="Calls" note={<Ratio ratio={ratioOf(totals.calls, then?.calls)} isCompared={!!then} />}>
          {showCount(totals.calls)}
          {totals.callSeconds > 0 && <span class="soft"> {showSeconds(totals.callSeconds)}</span>}
        </Figure>
        <Figure name="Messages" note={<Ratio ratio={ratioOf(totals.messages, then?.messages)} isCompared={!!then} />}>
          {showCount(totals.messages)}
        </Figure>
        <Figure
          name="Interviews"
          note={<Ratio ratio={ratioOf(totals.interviews, then?.interviews)} isCompared={!!then} />}
        >
          {showCount(totals.interviews)}
        </Figure>
        <Figure name="Chatbots" note={ofLimit("agent slot", tenant.agentSlots)}>
          {showCount(chatbots)}
        </Figure>
        <Figure name="Seats" note={ofLimit("seat", tenant.seats)}>
          {showCount(tenant.seats.used)}
        </Figure>
      </dl>
    </Panel>
  );
}

function Figure({ name, note, children }: { name: string; note: ComponentChildren; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class="value">{children}</span>
        <span class="note">{note}</span>
      </dd>
    </div>
  );
}

/** How a sum has changed, in percent. */
function Ratio({ ratio, isCompared }: { ratio: number | null | undefined; isCompared: boolean }) {
  if (!isCompared) return null;
  if (ratio === null || ratio === undefined) return <>none before</>;
  const percent = Math.abs(ratio * 100);
  const shown = percent < 10 ? percent.toFixed(1) : percent.toFixed(0);
  if (Number(shown) === 0) return <>no change</>;
  return (
    <>
      {ratio > 0 ? "\u25b2" : "\u25bc"} {shown} % {ratio > 0 ? "more" : "less"}
    </>
  );
}

/** Counts are small: a ratio of two of them may be a binary float. */
function ratioOf(now: number, then: number | undefined): number | null {
  return then ? (now - then) / then : null;
}

function ofLimit(what: string, { used, limit }: Tenant["seats"]): string {
  if (limit === null) return `${counted(used, what)} in use, no limit`;
  return `${showCount(used)} of ${counted(limit, what)} in use`;
}
