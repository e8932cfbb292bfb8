// graphql-ws, whose protocol the sockets speak.

import assert from "node:assert/strict";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const BALANCE = `subscription ($tenant: ID!, $after: BigInt) {
  balanceChanged(tenantId: $tenant, after: $after) { seq available } }`;
const WHO = "{ viewer { role } }";

export async function checks(server) {
  function client(more = {}) {
    return createClient({
      url: server.socketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: server.authorization },
      retryWait: async () => {},
      ...more,
    });
  }

  return {
    async "a query is answered and completed"() {
      const asking = client();
      const answers = [];
      for await (const answer of asking.iterate({ query: WHO })) answers.push(answer);
      assert.deepEqual(answers, [{ data: { viewer: { role: "OPERATOR" } } }]);
      await asking.dispose();
    },

    async "a subscription shows the account and its changes until it is left"() {
      const watching = client();
      const balances = watching.iterate({ query: BALANCE, variables: { tenant: server.tenant } });
      const first = (await balances.next()).value.data.balanceChanged;
      await server.give("1");
      const second = (await balances.next()).value.data.balanceChanged;
      assert.equal(Number(second.seq), Number(first.seq) + 1);
      assert.equal((await balances.return()).done, true);
      const after = watching.iterate({ query: WHO });
      assert.equal((await after.next()).value.data.viewer.role, "OPERATOR");
      await watching.dispose();
    },

    async "it goes on behind the last seq after its connection was lost"() {
      let opened = 0;
      const watching = client({ on: { connected: () => (opened += 1) } });
      const seen = [];
      let after = null;
      const done = new Promise((resolve, fail) => {
        watching.subscribe(
          {
            query: BALANCE,
            // Read anew whenever the operation is sent again.
            get variables() {
              return { tenant: server.tenant, after };
            },
          },
          {
            async next({ data }) {
              after = data.balanceChanged.seq;
              seen.push(Number(after));
              if (seen.length === 1) {
                watching.terminate();
                await server.give("2");
                await server.give("3");
              }
              if (Number(after) >= seen[0] + 2) resolve();
            },
            error: fail,
            complete: () => fail(new Error("completed")),
          },
        );
      });
      await done;
      assert.equal(opened, 2);
      assert.deepEqual(seen, [...new Set(seen)].sort((a, b) => a - b));
      await watching.dispose();
    },

    async "an operation that cannot be run fails alone"() {
      const asking = client({ lazy: false });
      const failing = asking.iterate({ query: "{ nonsense }" });
      await assert.rejects(failing.next(), (errors) => errors[0].extensions.code === "INVALID");
      const other = asking.iterate({ query: WHO });
      assert.equal((await other.next()).value.data.viewer.role, "OPERATOR");
      await asking.dispose();
    },

    async "a wrong key closes the socket with 4403, and it is not tried again"() {
      let tries = 0;
      const asking = client({
        connectionParams: { authorization: "Bearer wrong" },
        retryAttempts: 3,
        shouldRetry: (event) => event.code !== 4403,
        on: { opened: () => (tries += 1) },
      });
      await assert.rejects(asking.iterate({ query: WHO }).next(), (event) => event.code === 4403);
      assert.equal(tries, 1);
    },
  };
}
