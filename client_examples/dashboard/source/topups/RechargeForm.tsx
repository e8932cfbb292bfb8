import { useState } from "preact/hooks";
import type { RechargeRuleFragment } from "../graph/generated";
import { AmountField } from "../parts/AmountField";
import { RechargeTrial } from "./RechargeTrial";

export type Rule = {
  enabled: boolean;
  threshold: string;
  amount: string;
  targetBalance: string | null;
  monthlyCap: string | null;
};

type Props = {
  tenant: string;
  zone: string;
  rule: RechargeRuleFragment | null;
  refusal: string | null;
  save: (rule: Rule) => Promise<void>;
};

export function RechargeForm({ tenant, zone, rule, refusal, save }: Props) {
  const [enabled, setEnabled] = useState(rule?.enabled ?? true);
  const [threshold, setThreshold] = useState(rule?.threshold ?? "");
  const [amount, setAmount] = useState(rule?.amount ?? "");
  const [target, setTarget] = useState(rule?.targetBalance ?? "");
  const [cap, setCap] = useState(rule?.monthlyCap ?? "");
  const [isBusy, setIsBusy] = useState(false);
  const next: Rule = { enabled, threshold, amount, targetBalance: target || null, monthlyCap: cap || null };

  const submit = async (event: Event) => {
    event.preventDefault();
    setIsBusy(true);
    await save(next);
    setIsBusy(false);
  };
  return (
    <form class="stack" aria-label="Auto-recharge" onSubmit={submit}>
      <label class="check">
        <input type="checkbox" checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} /> Buy
        credits by itself
      </label>
      <AmountField label="When fewer are available than" value={threshold} onInput={setThreshold} required />
      <AmountField label="Buy" value={amount} onInput={setAmount} required hint="The size of one purchase." />
      <AmountField
        label="Up to a balance of (optional)"
        value={target}
        onInput={setTarget}
        hint="Exactly as many as make this balance, in place of whole purchases."
      />
      <AmountField label="At most in a billing period (optional)" value={cap} onInput={setCap} />
      {refusal && (
        <p class="refusal" role="alert">
          {refusal}
        </p>
      )}
      <button class="primary" disabled={isBusy}>
        Save
      </button>
      <RechargeTrial tenant={tenant} zone={zone} rule={next} />
    </form>
  );
}
