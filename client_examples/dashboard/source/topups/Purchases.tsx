import { useState } from "preact/hooks";
import { type PurchaseFragment, SettlePurchaseDocument, type TopUpStatus } from "../graph/generated";
import { useGraph } from "../graph/graph";
import { refusalOf } from "../graph/problems";
import { Amount } from "../parts/Amount";
import { creditsWord, showMoment } from "../parts/dates";

type Took = (purchase: PurchaseFragment) => void;
type Props = { purchases: readonly PurchaseFragment[]; zone: string; maySettle: boolean; took: Took };

const statusNames: Record<TopUpStatus, string> = { PENDING: "Waiting for payment", SETTLED: "Paid", FAILED: "Failed" };

export function Purchases({ purchases, zone, maySettle, took }: Props) {
  if (purchases.length === 0) return <p class="empty">No credits were bought yet.</p>;
  return (
    <ul class="purchases" aria-label="Latest top-ups">
      {purchases.map((purchase) => (
        <li key={purchase.id}>
          <span class={`dot ${purchase.status.toLowerCase()}`} aria-hidden="true" />
          <span class="what">
            <strong>
              <Amount of={purchase.credits} /> {creditsWord(purchase.credits)}
            </strong>{" "}
            <span class={`status ${purchase.status.toLowerCase()}`}>{statusNames[purchase.status]}</span>
            {purchase.automatic && <span class="soft"> automatic</span>}
            <time class="soft line" dateTime={purchase.requestedAt}>
              {showMoment(purchase.requestedAt, zone)}
            </time>
            {purchase.failure && <span class="line">{purchase.failure}</span>}
          </span>
          {maySettle && purchase.status === "PENDING" && <Settle purchase={purchase} took={took} />}
        </li>
      ))}
    </ul>
  );
}

/** For operators: says how a payment went. */
function Settle({ purchase, took }: { purchase: PurchaseFragment; took: Took }) {
  const graph = useGraph();
  const [refusal, setRefusal] = useState<string | null>(null);
  const settle = async (outcome: TopUpStatus) => {
    const input = { id: purchase.id, outcome };
    const { data, problem } = await graph.change(SettlePurchaseDocument, { input });
    setRefusal(problem?.message ?? refusalOf(data?.settleTopUp.errors));
    if (data?.settleTopUp.topUp) took(data.settleTopUp.topUp);
  };
  return (
    <span class="settle">
      <button type="button" onClick={() => settle("SETTLED")}>
        Paid
      </button>
      <button type="button" onClick={() => settle("FAILED")}>
        Failed
      </button>
      {refusal && (
        <span class="refusal" role="alert">
          {refusal}
        </span>
      )}
    </span>
  );
}
