import { useEffect, useState } from "preact/hooks";
import { readAmount } from "../books/decimal";
import { TryAutoRechargeDocument, type TryAutoRechargeQueryVariables } from "../graph/generated";
import { useAnswer } from "../graph/useAnswer";
import { Amount } from "../parts/Amount";
import { counted, showMoment } from "../parts/dates";
import { Trouble } from "../parts/Trouble";
import type { Rule } from "./RechargeForm";

const SHOWN = 5;

/** What the rule would have bought in the last 30 days. Nothing is bought. */
export function RechargeTrial({ tenant, zone, rule }: { tenant: string; zone: string; rule: Rule }) {
  const [asked, setAsked] = useState<TryAutoRechargeQueryVariables | null>(null);
  const { enabled: _, ...amounts } = rule;
  const wording = JSON.stringify(amounts);
  // An answer about another rule would mislead.
  useEffect(() => setAsked(null), [wording]);
  const { data, problem, again, isStale } = useAnswer(TryAutoRechargeDocument, asked);
  const isComplete = readAmount(rule.threshold) !== null && readAmount(rule.amount) !== null;
  const trial = asked && !isStale ? data?.tenant?.credits.autoRechargeTrial : undefined;
  return (
    <div class="trial">
      <button type="button" disabled={!isComplete} onClick={() => setAsked({ tenant, ...amounts })}>
        Try it on the last 30 days
      </button>
      {asked && problem && <Trouble problem={problem} again={again} />}
      {trial && (
        <div role="status">
          <p>
            {trial.purchases.length === 0 ? (
              "It would have bought nothing."
            ) : (
              <>
                It would have bought <Amount of={trial.credits} /> credits in{" "}
                {counted(trial.purchases.length, "purchase")}.
              </>
            )}
          </p>
          <ul class="plain">
            {trial.purchases.slice(0, SHOWN).map((purchase) => (
              <li key={purchase.at}>
                {showMoment(purchase.at, zone)}: <Amount of={purchase.credits} />, when{" "}
                <Amount of={purchase.availableBefore} /> were left
              </li>
            ))}
            {trial.purchases.length > SHOWN && <li>and {trial.purchases.length - SHOWN} more</li>}
          </ul>
        </div>
      )}
    </div>
  );
}
