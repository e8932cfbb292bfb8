import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { showAmount } from "../books/decimal";
import type { Tenant } from "../books/useBooks";
import { type PurchaseFragment, ToppedUpDocument } from "../graph/generated";
import { useGraph } from "../graph/graph";
import { useAnnounce } from "../parts/Announcer";
import { merged } from "./purchases";

const SHOWN = 5;

const words = { PENDING: "was asked for", SETTLED: "has come in", FAILED: "has failed" };

/** The latest purchases: those of the newest answer, and what was heard of them since. */
export function usePurchases(tenant: Tenant, moved: () => void) {
  const { live } = useGraph();
  const announce = useAnnounce();
  const [heard, setHeard] = useState<readonly PurchaseFragment[]>([]);
  const position = useRef(tenant.credits.seq);

  const took = useCallback((purchase: PurchaseFragment) => setHeard((before) => merged([purchase], before)), []);
  useEffect(
    () =>
      live.follow(
        ToppedUpDocument,
        () => ({ tenant: tenant.id, after: position.current }),
        ({ toppedUp: { seq, topUp, available } }) => {
          if (seq <= position.current) return;
          position.current = seq;
          took(topUp);
          moved();
          announce(
            `A top-up of ${showAmount(topUp.credits)} credits ${words[topUp.status]}; ${showAmount(available)} are available.`,
          );
        },
      ),
    [live, tenant.id, took, moved, announce],
  );

  const known = tenant.credits.topUps.nodes;
  const purchases = useMemo(() => merged(known, heard).slice(0, SHOWN), [known, heard]);
  return { purchases, took };
}
