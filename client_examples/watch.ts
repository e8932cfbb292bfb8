// Shows a tenant's credits live. For Node 22 or newer, and for browsers, which have a WebSocket of their own.
//
//     npm install graphql-ws graphql
//     node --experimental-strip-types watch.ts ws://localhost:8000/graphql KEY TENANT_ID
//
// After a lost connection, or a restart of the server, it goes on from the last entry that it has shown.

import { createClient } from "graphql-ws";

declare const process: { argv: string[]; exit(code: number): never };

interface Entry {
  seq: number;
  kind: string;
  credits: string;
  balanceAfter: string;
}

interface Change {
  balanceChanged: { seq: number; available: string; held: string; entries: Entry[] };
}

const BALANCE = `
  subscription Balance($tenant: ID!, $after: BigInt) {
    balanceChanged(tenantId: $tenant, after: $after) {
      seq
      available
      held
      entries { seq kind credits balanceAfter }
    }
  }
`;

const [url, key, tenant] = process.argv.slice(2);
if (!url || !key || !tenant) {
  console.error("node watch.ts URL KEY TENANT_ID");
  process.exit(2);
}

let silence: ReturnType<typeof setTimeout> | undefined;

const client = createClient({
  url,
  connectionParams: { authorization: `Bearer ${key}` },
  // A new subscription is made below, behind what was seen: the client's own retries would begin anew.
  retryAttempts: 0,
  // A connection can be gone without anybody saying so: then no pong comes.
  keepAlive: 10_000,
  on: {
    ping: (received) => {
      if (!received) silence = setTimeout(() => client.terminate(), 5_000);
    },
    pong: (received) => {
      if (received) clearTimeout(silence);
    },
  },
});

let after: number | null = null;

for (;;) {
  try {
    const variables: Record<string, unknown> = { tenant, after };
    const changes = client.iterate<Change>({ query: BALANCE, variables });
    for await (const { data, errors } of changes) {
      if (errors) console.error(errors);
      if (data) {
        show(data.balanceChanged);
        after = data.balanceChanged.seq;
      }
    }
  } catch (lost) {
    if (Array.isArray(lost)) {
      // Asking again would not help: a wrong tenant, or a key that was revoked.
      console.error("Refused:", lost.map((error) => error.message).join(" "));
      process.exit(1);
    }
    if (lost instanceof Event && (lost as CloseEvent).code === 4403) {
      console.error("Refused:", (lost as CloseEvent).reason);
      process.exit(1);
    }
    console.error("Connection lost, trying again ...");
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
}

function show(change: Change["balanceChanged"]): void {
  if (change.entries.length === 0) console.log(`${change.available} credits are available, ${change.held} are held.`);
  for (const { seq, kind, credits, balanceAfter } of change.entries) {
    console.log(`${seq}  ${kind}  ${credits}  -> ${balanceAfter}`);
  }
}
