/** The key that the page is opened with: taken out of the address, and put where GraphiQL keeps its headers. */

import { asText, nobody, type Ids, type Viewer } from "./examples";

const emptyHeaders = asText({ Authorization: "Bearer " });

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

/** The text of the headers editor for a key. */
export function headersFor(key: string | null): string {
  return key === null ? emptyHeaders : asText({ Authorization: `Bearer ${key}` });
}

/** Whether an earlier visit left tabs in this browser. */
export function hasStoredTabs(): boolean {
  return localStorage.getItem("graphiql:tabState") !== null;
}

type StoredTab = { query: string | null; variables: string | null; headers: string | null };

/** Gives a new key, and the ids that it may see, to the tabs that an earlier visit left. */
export function giveToStoredTabs(headers: string, ids: Ids): void {
  changeStoredTabs((tab) => ({ ...tab, headers, variables: withIds(tab.variables, ids) }));
}

/** Makes the stored tabs ready to be shown. */
export function settleStoredTabs(): void {
  changeStoredTabs((tab) => tab);
}

function changeStoredTabs(change: (tab: StoredTab) => StoredTab): void {
  const stored = localStorage.getItem("graphiql:tabState");
  if (stored === null) return;
  const state = JSON.parse(stored) as { tabs: StoredTab[]; activeTabIndex: number };
  state.tabs = state.tabs.map(change);
  localStorage.setItem("graphiql:tabState", JSON.stringify(state));
  // GraphiQL opens one more, empty tab where its editors and its active tab do not agree.
  const active = state.tabs[state.activeTabIndex];
  for (const part of ["query", "variables", "headers"] as const) {
    localStorage.setItem(`graphiql:${part}`, active?.[part] ?? "");
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

/** The headers that an earlier visit left, or those of the key that the page was opened with. */
export function knownHeaders(otherwise: string): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem("graphiql:headers") || otherwise) as Record<string, string>;
  } catch {
    return {}; // Half-typed headers are GraphiQL's to complain of.
  }
}

/** Opens the page again with a key, as a link with one would. */
export function openWithKey(key: string): void {
  location.hash = new URLSearchParams({ key }).toString();
  location.reload();
}

const whoAmI = `query WhoAmI {
  viewer { role tenant { ...ids } }
}
fragment ids on Tenant { id agents(first: 1) { nodes { id } } }`;

const firstTenant = `query FirstTenant {
  tenants(first: 1) { nodes { id agents(first: 1) { nodes { id } } } }
}`;

type Tenant = { id: string; agents: { nodes: { id: string }[] } };

/** Whose key it is, and the ids that the examples are filled with: those of its tenant, or of an operator's first one. */
export async function viewerOf(headers: string): Promise<Viewer> {
  try {
    const { viewer } = await ask<{ viewer: { role: string; tenant: Tenant | null } }>(whoAmI, headers);
    const isOperator = viewer.role === "OPERATOR";
    const tenant = viewer.tenant ?? (await ask<{ tenants: { nodes: Tenant[] } }>(firstTenant, headers)).tenants.nodes[0];
    return { isOperator, ids: tenant ? { tenantId: tenant.id, agentId: tenant.agents.nodes[0]?.id ?? "" } : nobody.ids };
  } catch (reason) {
    // The examples are shown all the same, and say for themselves why they are refused.
    console.warn("The examples could not be filled in:", reason);
    return nobody;
  }
}

async function ask<Data>(query: string, headers: string): Promise<Data> {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { ...(JSON.parse(headers) as object), "content-type": "application/json" },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(3000),
  });
  const answer = (await response.json()) as { data?: Data | null; errors?: { message: string }[] };
  if (!answer.data) throw new Error(answer.errors?.[0]?.message ?? `status ${response.status}`);
  return answer.data;
}
