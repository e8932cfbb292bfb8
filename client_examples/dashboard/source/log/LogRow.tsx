import { useId, useState } from "preact/hooks";
import type { LogRowFragment } from "../graph/generated";
import { Amount } from "../parts/Amount";
import { dayOf, showDay, showMoment, showSeconds, showTime } from "../parts/dates";
import { ChargeExplained } from "./ChargeExplained";
import { questionOf } from "./charges";

const directions = { INBOUND: "Inbound call", OUTBOUND: "Outbound call" };

/** Where credits came from. */
const added: Record<string, string> = {
  GRANT: "Credits given",
  TOP_UP: "Top-up",
  ROLLOVER: "Rolled over",
  REFUND: "Refund",
  ADJUSTMENT: "Correction",
};

/** A line of the log; of a call, its charge opens below it. */
export function LogRow({ row, zone }: { row: LogRowFragment; zone: string }) {
  const [isOpen, setIsOpen] = useState(false);
  const id = useId();
  const { call } = row;
  const when = showMoment(row.at, zone);
  const question = call ? questionOf(call.charge.credits, row.creditsUsed) : "";
  return (
    <>
      <tr class={isOpen ? "open" : ""}>
        <td>
          <time dateTime={row.at}>
            <span class="wide-only">{when}</span>
            <span class="narrow-only">
              {showDay(dayOf(row.at, zone), "brief")}
              <span class="soft line">{showTime(row.at, zone)}</span>
            </span>
          </time>
        </td>
        <th scope="row">
          {call ? (
            <>
              {call.agent.name}
              <span class="soft line remarks">
                {directions[call.direction]}
                {row.remarks && `: ${row.remarks}`}
              </span>
            </>
          ) : (
            <>
              {added[row.kind] ?? row.remarks}
              {row.remarks !== added[row.kind] && <span class="soft line remarks">{row.remarks}</span>}
            </>
          )}
        </th>
        <td class="number wide-only">{call && showSeconds(call.durationSeconds)}</td>
        <td class="number">
          {call ? (
            <Amount of={row.creditsUsed} least={2} />
          ) : (
            <span class="added">
              <Amount of={row.creditsAdded} least={2} signed />
            </span>
          )}
        </td>
        <td class="number wide-only">
          <Amount of={row.balanceAfter} least={2} />
        </td>
        <td>
          {call && (
            <button
              type="button"
              class="explain"
              aria-expanded={isOpen}
              aria-controls={id}
              aria-label={`${question} Explain the charge of the call at ${when}`}
              onClick={() => setIsOpen(!isOpen)}
            >
              {question}
            </button>
          )}
        </td>
      </tr>
      {isOpen && call && (
        <tr class="charge" id={id}>
          <td colSpan={6}>
            <ChargeExplained call={call.id} zone={zone} />
          </td>
        </tr>
      )}
    </>
  );
}
