// A page's client with urql: queries and mutations over HTTP, subscriptions over one socket. Shows a tenant's overview, then
// its balance as it moves. For browsers, and for Node 22 or newer.
//
//     npm install @urql/core graphql-ws graphql
//     node --experimental-strip-types ask.ts http://localhost:8000/graphql KEY TENANT_ID
//
// After a lost connection the socket comes back by itself, and begins with the account as it then stands: all that a page
// needs that shows the balance. What must handle every single entry does as watch.ts.

import { Client, fetchExchange, gql, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";

declare const process: { argv: string[]; exit(code: number): never };

const [url, key, tenant] = process.argv.slice(2);
if (!url || !key || !tenant) {
  console.error("node ask.ts URL KEY TENANT_ID");
  process.exit(2);
}

const authorization = `Bearer ${key}`;

let silence: ReturnType<typeof setTimeout> | undefined;

const socket = createClient({
  url: url.replace(/^http/, "ws"),
  connectionParams: { authorization },
  retryAttempts: Infinity,
  // A connection can be gone without anybody saying so: then no pong comes.
  keepAlive: 10_000,
  on: {
    ping: (received) => {
      if (!received) silence = setTimeout(() => socket.terminate(), 5_000);
    },
    pong: (received) => {
      if (received) clearTimeout(silence);
    },
  },
  // Whatever ended the connection, but a key that is refused.
  shouldRetry: (problem) => !(problem instanceof Object && "code" in problem && problem.code === 4403),
});

const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization } },
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query: query ?? "", variables }, sink) }),
      }),
    }),
  ],
});

interface Overview {
  tenant: {
    name: string;
    credits: { available: string; nextBillingDate: string };
    usage: { totals: { credits: string; calls: number } };
  } | null;
}

const OVERVIEW = gql<Overview, { tenant: string }>`
  query Overview($tenant: ID!) {
    tenant(id: $tenant) {
      name
      credits { available nextBillingDate }
      usage(range: { preset: LAST_30_DAYS }) { totals { credits calls } }
    }
  }
`;

interface Balance {
  balanceChanged: { seq: number; available: string };
}

const BALANCE = gql<Balance, { tenant: string }>`
  subscription Balance($tenant: ID!) {
    balanceChanged(tenantId: $tenant) { seq available }
  }
`;

const { data, error } = await client.query(OVERVIEW, { tenant }).toPromise();
if (error || !data?.tenant) {
  console.error(error?.message ?? "There is no such tenant, or the key is another's.");
  process.exit(1);
}
const { name, credits, usage } = data.tenant;
console.log(`${name}: ${credits.available} credits, more on ${credits.nextBillingDate}`);
console.log(`Used in 30 days: ${usage.totals.credits} credits in ${usage.totals.calls} calls`);

client.subscription(BALANCE, { tenant }).subscribe(({ data, error }) => {
  if (error) console.error(error.message);
  if (data) console.log(`seq ${data.balanceChanged.seq}: ${data.balanceChanged.available} credits`);
});
