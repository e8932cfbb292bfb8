import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { BalanceChangedDocument } from "../graph/generated";
import { useGraph } from "../graph/graph";
import { answered, begun, type Ledger, leavesGap, pushed, type Standing } from "./ledger";

/** The account as the newest answer or push tells it. `moved` is called for every change that was pushed. */
export function useLedger(
  tenant: string | undefined,
  standing: Standing | undefined,
  moved: () => void,
): Ledger | null {
  const { live } = useGraph();
  const newest = useRef<Ledger | null>(null);
  const [ledger, setLedger] = useState<Ledger | null>(null);
  const put = useCallback((next: Ledger) => {
    newest.current = next;
    setLedger(next);
  }, []);

  useEffect(() => {
    if (standing) put(newest.current ? answered(newest.current, standing) : begun(standing));
  }, [standing, put]);

  const hasBegun = ledger !== null;
  useEffect(() => {
    if (tenant === undefined || !hasBegun) return;
    let askedAgainFrom: number | null = null;
    const start = () =>
      live.follow(
        BalanceChangedDocument,
        // Behind what is known: after a lost connection too.
        () => ({ tenant, after: newest.current?.position ?? null }),
        ({ balanceChanged: change }) => {
          if (newest.current === null) return;
          if (leavesGap(newest.current, change) && askedAgainFrom !== newest.current.position) {
            // Once: what is missing the second time as well will not come by asking.
            askedAgainFrom = newest.current.position;
            stop();
            stop = start();
            return;
          }
          put(pushed(newest.current, change));
          moved();
        },
      );
    let stop = start();
    return () => stop();
  }, [live, tenant, hasBegun, put, moved]);

  return ledger;
}
