import { useRef, useState } from "preact/hooks";
import type { Tenant } from "../books/useBooks";
import type { Revision } from "../books/useRevision";
import { type RechargeRuleFragment, SetAutoRechargeDocument } from "../graph/generated";
import { useGraph } from "../graph/graph";
import { refusalOf } from "../graph/problems";
import { Amount } from "../parts/Amount";
import { showMoment } from "../parts/dates";
import { Panel } from "../parts/Panel";
import { RechargeForm, type Rule } from "./RechargeForm";

type Props = { tenant: Tenant; revision: Revision };

/** The rule that buys credits by itself: as it is, and a form to change it. */
export function AutoRecharge({ tenant, revision }: Props) {
  const graph = useGraph();
  const [isOpen, setIsOpen] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const rule = tenant.credits.autoRecharge;

  const save = async (next: Rule) => {
    const { data, problem } = await graph.change(SetAutoRechargeDocument, { input: { tenantId: tenant.id, ...next } });
    const refused = problem?.message ?? refusalOf(data?.setAutoRecharge.errors);
    setRefusal(refused ?? null);
    if (refused) return;
    setIsOpen(false);
    button.current?.focus();
    revision.movedNow();
  };
  return (
    <Panel
      title="Auto-recharge"
      tools={
        <button ref={button} type="button" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
          {isOpen ? "Leave as it is" : "Change"}
        </button>
      }
    >
      {isOpen ? (
        <RechargeForm tenant={tenant.id} zone={tenant.timeZone} rule={rule} refusal={refusal} save={save} />
      ) : (
        <RuleShown rule={rule} zone={tenant.timeZone} />
      )}
    </Panel>
  );
}

function RuleShown({ rule, zone }: { rule: RechargeRuleFragment | null; zone: string }) {
  if (rule === null) return <p class="empty">No rule is set: credits are bought by hand only.</p>;
  return (
    <>
      <p>
        <span class={rule.enabled ? "badge on" : "badge"}>{rule.enabled ? "On" : "Off"}</span> When fewer than{" "}
        <Amount of={rule.threshold} /> credits are available,{" "}
        {rule.targetBalance === null ? (
          <>
            <Amount of={rule.amount} /> are bought, more than once where that is not enough.
          </>
        ) : (
          <>
            as many are bought as make <Amount of={rule.targetBalance} />.
          </>
        )}
      </p>
      <p class="soft">
        <Amount of={rule.spentThisPeriod} /> bought in this billing period
        {rule.monthlyCap !== null && (
          <>
            {" "}
            of at most <Amount of={rule.monthlyCap} />
          </>
        )}
        .
      </p>
      {rule.lastFailure && (
        <p class="refusal">
          The last purchase failed: {rule.lastFailure}
          {rule.suspendedUntil && ` It is tried again after ${showMoment(rule.suspendedUntil, zone)}.`}
        </p>
      )}
    </>
  );
}
