/** The key that the page is opened with: kept for this browser tab alone, never in what GraphiQL stores of its editors. */

import { nobody, type Ids, type Viewer } from "./examples";

const KEPT = "tallygraph:key";

/** The key in `#key=...`, taken out of the address so that it is neither bookmarked nor shown. */
export function takeKeyFromAddress(): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const key = fragment.get("key");
  if (key !== null) {
    fragment.delete("key");
    const rest = fragment.toString();
    history.replaceState(history.state, "", location.pathname + location.search + (rest && `#${rest}`));
  }
  return key;
}

/** Keeps a key until the browser tab is closed, or the key forgotten. */
export function keep(key: string): void {
  sessionStorage.setItem(KEPT, key);
}

export function keptKey(): string | null {
  return sessionStorage.getItem(KEPT);
}

export function forgetKey(): void {
  sessionStorage.removeItem(KEPT);
  location.reload();
}

/** What a key adds to each request. */
export function headersOf(key: string | null): Record<string, string> {
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

/** Whether an earlier visit left tabs in this browser. */
export function hasStoredTabs(): boolean {
  return localStorage.getItem("graphiql:tabState") !== null;
}

type StoredTab = { query: string | null; variables: string | null };

/** Gives the ids that a new key may see to the tabs that an earlier visit left. */
export function giveToStoredTabs(ids: Ids): void {
  changeStoredTabs((tab) => ({ ...tab, variables: withIds(tab.variables, ids) }));
}

/** Makes the stored tabs ready to be shown. */
export function settleStoredTabs(): void {
  changeStoredTabs((tab) => tab);
}

function changeStoredTabs(change: (tab: StoredTab) => StoredTab): void {
  dropStoredHeaders();
  const stored = localStorage.getItem("graphiql:tabState");
  if (stored === null) return;
  const state = JSON.parse(stored) as { tabs: StoredTab[]; activeTabIndex: number };
  state.tabs = state.tabs.map(change);
  localStorage.setItem("graphiql:tabState", JSON.stringify(state));
  // GraphiQL opens one more, empty tab where its editors and its active tab do not agree.
  const active = state.tabs[state.activeTabIndex];
  for (const part of ["query", "variables"] as const) {
    localStorage.setItem(`graphiql:${part}`, active?.[part] ?? "");
  }
}

/** Takes out the headers, and with them the keys, that the page once stored with tabs and history. */
function dropStoredHeaders(): void {
  localStorage.removeItem("graphiql:headers");
  for (const name of ["tabState", "queries", "favorites"]) {
    const stored = localStorage.getItem(`graphiql:${name}`);
    if (stored === null) continue;
    const without = JSON.stringify(JSON.parse(stored), (field, value: unknown) => (field === "headers" ? null : value));
    localStorage.setItem(`graphiql:${name}`, without);
  }
}

/** The same variables with the ids of another tenant. */
function withIds(variables: string | null, ids: Ids): string | null {
  let text = variables;
  for (const [name, id] of Object.entries(ids)) {
    if (id) text = text?.replaceAll(new RegExp(`("${name}":\\s*)"[^"]*"`, "g"), (_, before) => `${before}"${id}"`) ?? null;
  }
  return text;
}

/** Opens the page again with a key, as a link with one would. */
export function openWithKey(key: string): void {
  location.hash = new URLSearchParams({ key }).toString();
  location.reload();
}

const whoAmI = `query WhoAmI {
  viewer { role tenant { name ...ids } }
}
fragment ids on Tenant { id agents(first: 1) { nodes { id } } }`;

const firstTenant = `query FirstTenant {
  tenants(first: 1) { nodes { id agents(first: 1) { nodes { id } } } }
}`;

type Tenant = { id: string; name?: string; agents: { nodes: { id: string }[] } };

/** Whose key it is, and the ids that the examples are filled with: those of its tenant, or of an operator's first one. */
export async function viewerOf(key: string): Promise<Viewer> {
  try {
    const { viewer } = await ask<{ viewer: { role: string; tenant: Tenant | null } }>(whoAmI, key);
    const isOperator = viewer.role === "OPERATOR";
    const tenant = viewer.tenant ?? (await ask<{ tenants: { nodes: Tenant[] } }>(firstTenant, key)).tenants.nodes[0];
    const ids = tenant ? { tenantId: tenant.id, agentId: tenant.agents.nodes[0]?.id ?? "" } : nobody.ids;
    return { isOperator, ids, whose: [viewer.role, viewer.tenant?.name].filter(Boolean).join(", ") };
  } catch (reason) {
    // The examples are shown all the same, and say for themselves why they are refused.
    console.warn("The examples could not be filled in:", reason);
    return { ...nobody, whose: "not accepted" };
  }
}

async function ask<Data>(query: string, key: string): Promise<Data> {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { ...headersOf(key), "content-type": "application/json" },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(3000),
  });
  const answer = (await response.json()) as { data?: Data | null; errors?: { message: string }[] };
  if (!answer.data) throw new Error(answer.errors?.[0]?.message ?? `status ${response.status}`);
  return answer.data;
}
