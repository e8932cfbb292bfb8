import { useState } from "preact/hooks";
import { isPositive, readAmount, showAmount } from "../books/decimal";
import type { Tenant } from "../books/useBooks";
import type { Revision } from "../books/useRevision";
import { BuyCreditsDocument } from "../graph/generated";
import { useGraph } from "../graph/graph";
import { refusalOf } from "../graph/problems";
import { AmountField } from "../parts/AmountField";
import { Panel } from "../parts/Panel";
import { Purchases } from "./Purchases";
import { usePurchases } from "./usePurchases";

type Props = { tenant: Tenant; isOperator: boolean; revision: Revision };

/** Buys credits, and shows the latest purchases live. */
export function TopUps({ tenant, isOperator, revision }: Props) {
  const graph = useGraph();
  const { purchases, took } = usePurchases(tenant, revision.movedNow);
  const [credits, setCredits] = useState("");
  const [isPaid, setIsPaid] = useState(true);
  // The purchase's own key: sent again after a lost answer, it buys nothing twice. A new amount is a new purchase.
  const [key, setKey] = useState(newKey);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);

  const buy = async (event: Event) => {
    event.preventDefault();
    if (readAmount(credits) === null || !isPositive(credits)) {
      setRefusal("How many credits? A number above 0, with up to six decimals.");
      return;
    }
    setIsBusy(true);
    const settled = isOperator && isPaid;
    const { data, problem } = await graph.change(BuyCreditsDocument, {
      input: { tenantId: tenant.id, key, credits, settled },
    });
    setIsBusy(false);
    const refused = problem?.message ?? refusalOf(data?.topUp.errors);
    setRefusal(refused ?? null);
    if (refused || !data?.topUp.topUp) return;
    setCredits("");
    setKey(newKey());
    took(data.topUp.topUp);
  };
  return (
    <Panel title="Top up">
      <form class="stack" aria-label="Top up" onSubmit={buy}>
        <AmountField
          label="Credits to buy"
          value={credits}
          onInput={(value) => {
            setCredits(value);
            setKey(newKey());
          }}
          hint={isOperator ? undefined : "They come in once the payment is confirmed."}
          required
        />
        {isOperator && (
          <label class="check">
            <input type="checkbox" checked={isPaid} onChange={(event) => setIsPaid(event.currentTarget.checked)} />{" "}
            Already paid
          </label>
        )}
        {refusal && (
          <p class="refusal" role="alert">
            {refusal}
          </p>
        )}
        <button class="primary" disabled={isBusy}>
          {readAmount(credits) !== null ? `Buy ${showAmount(credits)} credits` : "Buy credits"}
        </button>
      </form>
      <Purchases purchases={purchases} zone={tenant.timeZone} maySettle={isOperator} took={took} />
    </Panel>
  );
}

function newKey(): string {
  // crypto.randomUUID is there on secure origins only; this is there on all.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `dashboard-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
