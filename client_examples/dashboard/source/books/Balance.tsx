import { useEffect, useRef, useState } from "preact/hooks";
import { Amount } from "../parts/Amount";
import { showCount, showDay, showDays } from "../parts/dates";
import { Panel } from "../parts/Panel";
import { isNegative, isZero, partForPixels, subtract } from "./decimal";
import type { Ledger } from "./ledger";
import { useSpokenBalance } from "./useSpokenBalance";
import type { Tenant } from "./useBooks";

const poolNames = { PLAN: "Plan credits", TOP_UP: "Top-up credits" };

/** What can be spent, live: what it is made of, and how long it lasts. */
export function Balance({ tenant, ledger }: { tenant: Tenant; ledger: Ledger | null }) {
  const { credits, plan } = tenant;
  const now = ledger?.standing ?? credits;
  useSpokenBalance(now.available);
  const planned = now.pools.find((pool) => pool.kind === "PLAN")?.balance ?? "0";

  return (
    <Panel title="Available credits" class="balance">
      <div class="available">
        <p class={isNegative(now.available) ? "figure owed" : "figure"} data-seq={now.seq}>
          <Amount of={now.available} /> <span class="unit">credits</span>
        </p>
        <LastChange available={now.available} />
        <p class="position soft">As of entry {showCount(now.seq)} of the ledger</p>
      </div>
      <dl class="pools">
        {now.pools.map((pool) => (
          <div key={pool.kind}>
            <dt>{poolNames[pool.kind]}</dt>
            <dd>
              <Amount of={pool.balance} least={2} />
            </dd>
          </div>
        ))}
        <div>
          <dt>Held for calls</dt>
          <dd>
            <Amount of={now.held} least={2} />
          </dd>
        </div>
        <div class={isZero(now.overdrawn) ? "" : "owed"}>
          <dt>Owed</dt>
          <dd>
            <Amount of={now.overdrawn} least={2} />
          </dd>
        </div>
        <div class="share">
          <dt>Left of this period's plan</dt>
          <dd>
            <meter min={0} max={1} value={partForPixels(planned, plan.monthlyCredits)} aria-hidden="true" />
            <Amount of={planned} /> of <Amount of={plan.monthlyCredits} />
          </dd>
        </div>
      </dl>
      <dl class="dates">
        <div>
          <dt>Used this period</dt>
          <dd>
            <Amount of={credits.usedThisPeriod} least={2} />
          </dd>
        </div>
        <div>
          <dt>Next billing date</dt>
          <dd>{showDay(credits.nextBillingDate)}</dd>
        </div>
        <div>
          <dt>Days left</dt>
          <dd>{credits.daysRemaining}</dd>
        </div>
        <RunsOut forecast={tenant.forecast} />
      </dl>
    </Panel>
  );
}

function RunsOut({ forecast }: { forecast: Tenant["forecast"] }) {
  const { runsOutOn, runsOutEarliest, runsOutLatest } = forecast;
  const between =
    runsOutEarliest && runsOutLatest
      ? `likely ${showDays(runsOutEarliest, runsOutLatest)}`
      : runsOutEarliest && `${showDay(runsOutEarliest)} at the earliest`;
  return (
    <div>
      <dt>Expected to run out</dt>
      <dd>
        {runsOutOn ? showDay(runsOutOn) : "Not in sight"}
        {between && <span class="soft between">{between}</span>}
      </dd>
    </div>
  );
}

const CHANGE_SHOWN_FOR = 4_000;

/** For eyes only: what the last change was. Screen readers are told in their own time. */
function LastChange({ available }: { available: string }) {
  const before = useRef(available);
  const [change, setChange] = useState<string | null>(null);
  useEffect(() => {
    const difference = subtract(available, before.current);
    before.current = available;
    if (isZero(difference)) return;
    setChange(difference);
    const timer = setTimeout(() => setChange(null), CHANGE_SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [available]);
  return (
    <p class="last-change" aria-hidden="true">
      {change !== null && (
        <span key={`${available}`} class={isNegative(change) ? "down" : "up"}>
          <Amount of={change} signed />
        </span>
      )}
    </p>
  );
}
