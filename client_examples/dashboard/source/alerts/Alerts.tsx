import type { Tenant } from "../books/useBooks";
import type { Revision } from "../books/useRevision";
import type { AlertKind } from "../graph/generated";
import { showMoment } from "../parts/dates";
import { Panel } from "../parts/Panel";
import { Trouble } from "../parts/Trouble";
import { Thresholds } from "./Thresholds";
import { useAlerts } from "./useAlerts";

const kinds: Record<AlertKind, string> = {
  LOW_BALANCE: "Low balance",
  OUT_OF_CREDITS: "Out of credits",
  RUNAWAY_AGENT: "Runaway agent",
  BUDGET_REACHED: "Budget reached",
  TOP_UP_FAILED: "Top-up failed",
};

/** Warnings, the newest first; new ones arrive by themselves. */
export function Alerts({ tenant, revision }: { tenant: Tenant; revision: Revision }) {
  const { alerts, hasOlder, showOlder, problem } = useAlerts(tenant);
  return (
    <Panel title="Alerts" class="alerts">
      {alerts.length === 0 ? (
        <p class="empty">There is nothing to worry about.</p>
      ) : (
        <ul class="alert-list" aria-label="Alerts, the newest first">
          {alerts.map((alert) => (
            <li key={alert.id} class={alert.kind.toLowerCase()}>
              <strong>{kinds[alert.kind]}</strong>
              {alert.agent && !alert.message.includes(alert.agent.name) && <span>: {alert.agent.name}</span>}
              <span class="line">{alert.message}</span>
              <time class="soft line" dateTime={alert.raisedAt}>
                {showMoment(alert.raisedAt, tenant.timeZone)}
              </time>
            </li>
          ))}
        </ul>
      )}
      {problem && <Trouble problem={problem} again={showOlder} />}
      {hasOlder && (
        <button type="button" onClick={showOlder}>
          Older alerts
        </button>
      )}
      <Thresholds tenant={tenant} saved={revision.movedNow} />
    </Panel>
  );
}
