// Walks through any list of the graph, page by page, with nothing but fetch. For browsers and Node 22 or newer.
//
//     node --experimental-strip-types pages.ts http://localhost:8000/graphql KEY TENANT_ID
//
// `everyNode` takes whatever connection you ask for: calls, interactions, openings, ledger entries, candidates ...
// Lists are Relay connections, so that Relay's and urql's own paginators fit them as well.

declare const process: { argv: string[]; exit(code: number): never };

interface Connection<Node> {
  nodes: Node[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/** Every node of a list. What is not read is not asked for: stop, and no further page is fetched. */
export async function* everyNode<Node>(page: (after: string | null) => Promise<Connection<Node>>): AsyncGenerator<Node> {
  let after: string | null = null;
  for (;;) {
    const { nodes, pageInfo }: Connection<Node> = await page(after);
    yield* nodes;
    if (!pageInfo.hasNextPage) return;
    after = pageInfo.endCursor;
  }
}

/** The data of an answer; errors are thrown. */
async function ask<Data>(query: string, variables: object): Promise<Data> {
  const response = await fetch(url!, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: Data; errors?: { message: string }[] };
  if (errors) throw new Error(errors.map((error) => error.message).join(" "));
  return data!;
}

const LEDGER = `
  query Ledger($tenant: ID!, $after: String) {
    tenant(id: $tenant) {
      credits {
        ledger(first: 50, after: $after) {
          nodes { seq kind credits balanceAfter }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`;

interface Entry {
  seq: number;
  kind: string;
  credits: string;
  balanceAfter: string;
}

interface Ledger {
  tenant: { credits: { ledger: Connection<Entry> } };
}

const [url, key, tenant] = process.argv.slice(2);
if (!url || !key || !tenant) {
  console.error("node pages.ts URL KEY TENANT_ID");
  process.exit(2);
}

const entries = everyNode((after) =>
  ask<Ledger>(LEDGER, { tenant, after }).then((data) => data.tenant.credits.ledger),
);

for await (const { seq, kind, credits, balanceAfter } of entries) {
  console.log(`${seq}  ${kind}  ${credits}  -> ${balanceAfter}`);
}
