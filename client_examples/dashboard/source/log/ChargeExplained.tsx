import { compare, isZero } from "../books/decimal";
import { CallChargeDocument, type CallChargeQuery, type GrantSource } from "../graph/generated";
import { useAnswer } from "../graph/useAnswer";
import { Amount } from "../parts/Amount";
import { dayOf, showDay, showMoment, showSeconds } from "../parts/dates";
import { Skeleton } from "../parts/Skeleton";
import { Trouble } from "../parts/Trouble";
import { countsFrom } from "./charges";

type Call = Extract<CallChargeQuery["node"], { charge: unknown }>;

const sources: Record<GrantSource, string> = {
  PLAN: "the plan's credits",
  ROLLOVER: "credits that rolled over",
  TOP_UP: "a top-up",
  AUTO_RECHARGE: "an automatic top-up",
  PROMOTION: "a gift",
  ADJUSTMENT: "a correction",
  REFUND: "a refund",
};

/** From seconds to billed seconds, to credits, to the grants that paid. */
export function ChargeExplained({ call: id, zone }: { call: string; zone: string }) {
  const { data, problem, again } = useAnswer(CallChargeDocument, { call: id });
  const call = data?.node && "charge" in data.node ? (data.node as Call) : undefined;
  if (!call) return problem ? <Trouble problem={problem} again={again} /> : <Skeleton of="the charge" lines={2} />;
  const { charge } = call;
  return (
    <section class="explained" aria-label={`Charge of the call at ${showMoment(call.startedAt, zone)}`}>
      <ol class="lines">
        {charge.lines.map((line) => (
          <li key={line.activity}>{line.explanation}</li>
        ))}
      </ol>
      <dl>
        <div>
          <dt>Lasted</dt>
          <dd>{showSeconds(call.durationSeconds)}</dd>
        </div>
        <div>
          <dt>Counts</dt>
          <dd>{countsFrom(call, zone)}</dd>
        </div>
        <div>
          <dt>Billed</dt>
          <dd>{showSeconds(call.billedSeconds)}</dd>
        </div>
        <div>
          <dt>Charged</dt>
          <dd>
            <Amount of={charge.credits} /> credits
          </dd>
        </div>
        {compare(charge.credits, call.creditsUsed) !== 0 && (
          <div>
            <dt>After refunds</dt>
            <dd>
              <Amount of={call.creditsUsed} /> credits
            </dd>
          </div>
        )}
      </dl>
      <PaidBy charge={charge} zone={zone} />
      {call.remarks && <p>{call.remarks}</p>}
      {call.externalId && <p class="soft">Recorded as {call.externalId}</p>}
    </section>
  );
}

function PaidBy({ charge, zone }: { charge: Call["charge"]; zone: string }) {
  if (charge.allocations.length === 0 && isZero(charge.overdrawn)) return null;
  return (
    <ul class="paid-by">
      {charge.allocations.map(({ grant, credits }) => (
        <li key={grant.id}>
          <Amount of={credits} /> paid by {sources[grant.source]} of {showDay(dayOf(grant.effectiveAt, zone))}
          {grant.expiresAt && `, which ends on ${showDay(dayOf(grant.expiresAt, zone))}`}
        </li>
      ))}
      {!isZero(charge.overdrawn) && (
        <li class="owed">
          <Amount of={charge.overdrawn} /> still owed
        </li>
      )}
    </ul>
  );
}
