import { useState } from "preact/hooks";
import { Alerts } from "./alerts/Alerts";
import type { ChangeView } from "./address/useView";
import type { Days, View } from "./address/view";
import { Balance } from "./books/Balance";
import { Figures } from "./books/Figures";
import type { Books, Tenant } from "./books/useBooks";
import { useChoices } from "./books/useChoices";
import { useLedger } from "./books/useLedger";
import type { Revision } from "./books/useRevision";
import { Exports } from "./exports/Exports";
import { CallLog } from "./log/CallLog";
import { Trouble } from "./parts/Trouble";
import { AutoRecharge } from "./topups/AutoRecharge";
import { TopUps } from "./topups/TopUps";
import { Breakdown } from "./usage/Breakdown";
import { Filters } from "./usage/Filters";
import { UsageChart } from "./usage/UsageChart";
import { useUsage } from "./usage/useUsage";

type Props = {
  view: View;
  change: ChangeView;
  books: Books;
  tenant: Tenant;
  isOperator: boolean;
  revision: Revision;
};

/** One tenant's books. */
export function BooksPage({ view, change, books, tenant, isOperator, revision }: Props) {
  const ledger = useLedger(tenant.id, tenant.credits, revision.moved);
  // Days that end before they begin are asked for, for the server's reason, but are no view.
  const [wrongDays, setWrongDays] = useState<Days | null>(null);
  const usage = useUsage(tenant.id, wrongDays ? { ...view, range: wrongDays } : view, revision.revision);
  const choices = useChoices(tenant);

  return (
    <>
      <h1 class="for-readers">{tenant.name}: usage and credits</h1>
      {books.problem && books.problem.kind !== "unreachable" && <Trouble problem={books.problem} again={books.again} />}
      <div class="books">
        <div class="wide">
          <Balance tenant={tenant} ledger={ledger} />
          <Filters
            view={view}
            choices={choices}
            change={change}
            onWrongDays={setWrongDays}
            refusal={wrongDays ? usage.problem?.message : undefined}
          />
          {wrongDays === null && (
            <>
              <Figures usage={usage} tenant={tenant} choices={choices} />
              <UsageChart usage={usage} view={view} hasOpenings={choices.openings.length > 0} change={change} />
              <div class="two">
                <Breakdown usage={usage} by="agent" chosen={view.agent} onChoose={(agent) => change({ agent })} />
                <Breakdown
                  usage={usage}
                  by="opening"
                  chosen={view.opening}
                  onChoose={(opening) => change({ opening })}
                />
              </div>
              <CallLog tenant={tenant} view={view} isStale={books.isStale} change={change} />
            </>
          )}
        </div>
        <aside class="narrow" aria-label="Credits and alerts">
          <TopUps tenant={tenant} isOperator={isOperator} revision={revision} />
          <Alerts tenant={tenant} revision={revision} />
          <AutoRecharge tenant={tenant} revision={revision} />
          {wrongDays === null && <Exports tenant={tenant} view={view} />}
        </aside>
      </div>
    </>
  );
}
