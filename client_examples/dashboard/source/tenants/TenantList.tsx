import { useEffect, useState } from "preact/hooks";
import { isZero } from "../books/decimal";
import { TenantsDocument, type TenantsQueryVariables } from "../graph/generated";
import { useAnswer } from "../graph/useAnswer";
import { Amount } from "../parts/Amount";
import { counted, showDay } from "../parts/dates";
import { Panel } from "../parts/Panel";
import { Skeleton } from "../parts/Skeleton";
import { Trouble } from "../parts/Trouble";

const ROWS = 20;
const TYPING = 250;

type Place = { first: number; after?: string } | { last: number; before: string };

/** For operators: every tenant, to choose one. */
export function TenantList({ onChoose }: { onChoose: (tenant: string) => void }) {
  const [text, setText] = useState("");
  const [search, setSearch] = useState("");
  const [place, setPlace] = useState<Place>({ first: ROWS });
  useEffect(() => {
    const timer = setTimeout(() => {
      setSearch(text.trim());
      setPlace({ first: ROWS });
    }, TYPING);
    return () => clearTimeout(timer);
  }, [text]);

  const variables: TenantsQueryVariables = { ...place, search: search || null };
  const { data, problem, again, isStale } = useAnswer(TenantsDocument, variables);
  const page = data?.tenants;
  return (
    <Panel
      title="Tenants"
      isStale={isStale && page !== undefined}
      tools={
        <label class="field">
          <span>Search</span>
          <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
      }
    >
      {!page && (problem ? <Trouble problem={problem} again={again} /> : <Skeleton of="the tenants" lines={6} />)}
      {page && page.nodes.length === 0 && (
        <p class="empty">{search ? "No tenant is called that." : "There are no tenants yet."}</p>
      )}
      {page && page.nodes.length > 0 && (
        <>
          <div class="scroll">
            <table class="tenants">
              <caption class="for-readers">Tenants, {counted(page.totalCount, "in all", "in all")}</caption>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col" class="wide-only">
                    Plan
                  </th>
                  <th scope="col" class="number">
                    Available
                  </th>
                  <th scope="col" class="number">
                    Owed
                  </th>
                  <th scope="col" class="wide-only">
                    Next billing date
                  </th>
                </tr>
              </thead>
              <tbody>
                {page.nodes.map((tenant) => (
                  <tr key={tenant.id}>
                    <th scope="row">
                      <button type="button" class="link" onClick={() => onChoose(tenant.id)}>
                        {tenant.name}
                      </button>
                      {tenant.externalId && <span class="soft line">{tenant.externalId}</span>}
                    </th>
                    <td class="wide-only">{tenant.plan.name}</td>
                    <td class="number">
                      <Amount of={tenant.credits.available} least={2} />
                    </td>
                    <td class={isZero(tenant.credits.overdrawn) ? "number" : "number owed"}>
                      <Amount of={tenant.credits.overdrawn} least={2} />
                    </td>
                    <td class="wide-only">{showDay(tenant.credits.nextBillingDate)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <nav class="pager" aria-label="Pages of tenants">
            <button
              type="button"
              disabled={!page.pageInfo.hasPreviousPage}
              onClick={() => setPlace({ last: ROWS, before: page.pageInfo.startCursor ?? "" })}
            >
              Newer
            </button>
            <span class="soft">{counted(page.totalCount, "tenant")}</span>
            <button
              type="button"
              disabled={!page.pageInfo.hasNextPage}
              onClick={() => setPlace({ first: ROWS, after: page.pageInfo.endCursor ?? "" })}
            >
              Older
            </button>
          </nav>
        </>
      )}
    </Panel>
  );
}
