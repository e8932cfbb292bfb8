/** The examples: one file each, ready to run with the ids of the key's own tenant. The files begin with title and purpose. */

/** One tab of the explorer, as its editors show it. */
export type Tab = { query: string; variables: string };

/** What the examples need to know of the tenant that the key belongs to. Empty texts where it is not known. */
export type Ids = { tenantId: string; agentId: string };

/** Whose key it is, as the page shows it and as the examples need it. */
export type Viewer = { isOperator: boolean; ids: Ids; whose: string };

export const nobody: Viewer = { isOperator: false, ids: { tenantId: "", agentId: "" }, whose: "" };

export type Example = { name: string; title: string; about: string; operation: string; query: string };

const files = import.meta.glob<string>("./examples/*.graphql", { query: "?raw", import: "default", eager: true });

const groups: [title: string, names: string[]][] = [
  ["What is left", ["overview", "grants", "balance-over-time", "top-ups", "alerts"]],
  ["What was used", ["usage-over-time", "usage-by-agent", "usage-by-agent-compared", "usage-by-opening", "usage-by-model", "one-agent"]],
  ["One by one", ["call-log", "charge-explained", "messages", "interviews", "interactions", "ledger", "proof", "by-your-own-ids", "keys"]],
  ["What will be", ["forecast", "hiring-plan", "what-if"]],
  ["Live", ["balance-live", "calls-live", "top-ups-live", "alerts-live"]],
  ["Reporting", ["record-call", "record-usage", "authorize-call"]],
  ["Changing", ["top-up", "thresholds", "export-usage"]],
];

const operatorGroup: [title: string, names: string[]] = ["Every customer", ["customers", "usage-by-customer"]];

/** The examples that a key may run, as the pane shows them. */
export function exampleGroups({ isOperator }: Viewer): { title: string; examples: Example[] }[] {
  const fitting = isOperator ? [operatorGroup, ...groups] : groups;
  return fitting.map(([title, names]) => ({ title, examples: names.map(exampleOf) }));
}

/** Those that the explorer opens with. */
const opened = ["overview", "usage-over-time", "call-log", "balance-live"];

export function firstTabs(ids: Ids): Tab[] {
  return opened.map((name) => tabOf(exampleOf(name), ids));
}

/** An example as a tab, with the variables that it declares filled in. */
export function tabOf({ query }: Example, ids: Ids): Tab {
  const known = values(ids, new Date());
  const declared = new Set(query.match(/\$\w+(?=:)/g)?.map((name) => name.slice(1)));
  const variables = Object.fromEntries(Object.entries(known).filter(([name]) => declared.has(name)));
  return { query, variables: JSON.stringify(variables, null, 2) };
}

function exampleOf(name: string): Example {
  const query = files[`./examples/${name}.graphql`];
  if (query === undefined) throw new Error(`There is no example ${name}.`);
  const [title = "", ...about] = query.match(/^# .*/gm)?.map((line) => line.slice(2)) ?? [];
  const operation = query.match(/^(?:query|mutation|subscription) (\w+)/m)?.[1] ?? "";
  return { name, title, about: about.join(" "), operation, query };
}

/** What every variable of the examples is filled with. */
function values(ids: Ids, now: Date): Record<string, unknown> {
  const key = `explorer-${now.getTime()}`;
  return {
    ...ids,
    page: 1,
    after: null,
    call: aCall(ids.agentId, key, now),
    events: [1, 2, 3].map((number) => ({ call: aCall(ids.agentId, `${key}-${number}`, now) })),
    hold: { agentId: ids.agentId, key, direction: "OUTBOUND", expectedSeconds: 300 },
    topUp: { tenantId: ids.tenantId, key, credits: "100", settled: false, remarks: "From the explorer" },
    range: { preset: "LAST_7_DAYS" },
  };
}

/** A call of 61 seconds that was answered at once and ended just now: on steps of a minute it is billed as two. */
function aCall(agentId: string, key: string, now: Date): object {
  const startedAt = new Date(now.getTime() - 61_000).toISOString();
  return { agentId, key, direction: "OUTBOUND", startedAt, connectedAt: startedAt, endedAt: now.toISOString() };
}
