import { useEffect, useRef } from "preact/hooks";
import type { ChangeView } from "../address/useView";
import type { View } from "../address/view";
import type { Tenant } from "../books/useBooks";
import { Amount } from "../parts/Amount";
import { counted } from "../parts/dates";
import { Panel } from "../parts/Panel";
import { LogRow } from "./LogRow";
import { Pager } from "./Pager";

type Props = { tenant: Tenant; view: View; isStale: boolean; change: ChangeView };

/** Calls and credits added, ten to a page, the newest first. */
export function CallLog({ tenant, view, isStale, change }: Props) {
  const log = tenant.callLog;
  const top = useRef<HTMLTableElement>(null);
  const turned = useRef(false);
  const turnTo = (page: number) => {
    turned.current = true;
    change({ page });
  };
  // Who turned the page goes on reading at its top.
  useEffect(() => {
    if (!turned.current || isStale) return;
    turned.current = false;
    top.current?.focus();
  }, [isStale, log.page]);

  return (
    <Panel title="Call log" class="log" isStale={isStale} tools={<Sums tenant={tenant} />}>
      {view.opening !== null && (
        <p class="hint">Calls are of no opening: the log shows them whichever opening is chosen.</p>
      )}
      {log.rows.length === 0 ? (
        <EmptyLog hasRows={log.totalRows > 0} firstPage={() => change({ page: 1 })} />
      ) : (
        <div class="scroll">
          <p class="hint wide-only">
            The latest to start come first. A balance is the one after the entry was recorded, so that it need not run
            down the page.
          </p>
          <table ref={top} tabIndex={-1} class="calls">
            <caption class="for-readers">
              Calls and credits added, page {log.page} of {log.pageCount}
            </caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">What</th>
                <th scope="col" class="number wide-only">
                  Duration
                </th>
                <th scope="col" class="number">
                  Credits
                </th>
                <th scope="col" class="number wide-only">
                  Balance after
                </th>
                <th scope="col">
                  <span class="for-readers">Charge</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {log.rows.map((row) => (
                <LogRow key={row.callId ?? `${row.seq}`} row={row} zone={tenant.timeZone} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {log.pageCount > 1 && log.rows.length > 0 && <Pager page={log.page} pageCount={log.pageCount} onTurn={turnTo} />}
    </Panel>
  );
}

function Sums({ tenant }: { tenant: Tenant }) {
  const { summary } = tenant.callLog;
  return (
    <span class="soft">
      {counted(summary.totalCalls, "call")}, <Amount of={summary.creditsUsed} /> credits used,{" "}
      <Amount of={summary.creditsAdded} /> added
    </span>
  );
}

function EmptyLog({ hasRows, firstPage }: { hasRows: boolean; firstPage: () => void }) {
  if (!hasRows) return <p class="empty">No calls, and no credits added, in this range.</p>;
  return (
    <p class="empty">
      The log has no such page.{" "}
      <button type="button" onClick={firstPage}>
        Go to its first page
      </button>
    </p>
  );
}
