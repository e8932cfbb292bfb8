// urql: fetch for queries and mutations, a socket or a stream of events for subscriptions.

import assert from "node:assert/strict";
import { Client, cacheExchange, fetchExchange, gql, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const NAME = gql`
  query Name($tenant: ID!) { tenant(id: $tenant) { id name } }
`;
const BALANCE = gql`
  subscription Balance($tenant: ID!) { balanceChanged(tenantId: $tenant) { seq } }
`;

export async function checks(server) {
  const { tenant, authorization } = server;
  const headers = { authorization };

  function client(exchanges, more = {}) {
    return new Client({ url: server.url, exchanges, fetchOptions: { headers }, preferGetMethod: false, ...more });
  }

  function overSocket() {
    const socket = createClient({
      url: server.socketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
    });
    return subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    });
  }

  async function twoBalances(watching) {
    const seqs = [];
    await new Promise((resolve, fail) => {
      watching.subscription(BALANCE, { tenant }).subscribe(async ({ data, error }) => {
        if (error) return fail(error);
        seqs.push(Number(data.balanceChanged.seq));
        if (seqs.length === 1) await server.give("5");
        else resolve();
      });
    });
    assert.equal(seqs[1], seqs[0] + 1);
  }

  return {
    async "a query is answered, by POST and by GET"() {
      for (const preferGetMethod of [false, "force"]) {
        const { data, error } = await client([cacheExchange, fetchExchange], { preferGetMethod }).query(NAME, { tenant });
        assert.equal(error, undefined);
        assert.equal(data.tenant.id, tenant);
      }
    },

    async "a mutation is answered"() {
      const rename = gql`
        mutation Rename($tenant: ID!) {
          updateTenant(input: { id: $tenant, name: "Renamed by urql" }) { tenant { name } errors { message } }
        }
      `;
      const { data } = await client([fetchExchange]).mutation(rename, { tenant });
      assert.equal(data.updateTenant.tenant.name, "Renamed by urql");
    },

    async "a subscription is followed over a socket"() {
      await twoBalances(client([overSocket()]));
    },

    async "a subscription is followed as a stream of events"() {
      await twoBalances(client([fetchExchange], { fetchSubscriptions: true }));
    },

    async "errors are read with their codes"() {
      const { error } = await client([fetchExchange]).query(gql`{ nonsense }`, {});
      assert.equal(error.graphQLErrors[0].extensions.code, "INVALID");
    },
  };
}
