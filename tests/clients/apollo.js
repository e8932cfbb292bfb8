// Apollo Client: HTTP for queries and mutations, a socket for subscriptions, and persisted queries.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const ACCOUNT = gql`
  query Account($tenant: ID!) {
    tenant(id: $tenant) {
      id
      name
      credits { seq available }
    }
  }
`;

export async function checks(server) {
  const { tenant, authorization } = server;

  function client(more = []) {
    const http = new HttpLink({ uri: server.url, headers: { authorization } });
    const socket = new GraphQLWsLink(
      createClient({ url: server.socketUrl, webSocketImpl: WebSocket, connectionParams: { authorization } }),
    );
    const link = ApolloLink.from([
      ...more,
      ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, socket, http),
    ]);
    return new ApolloClient({ link, cache: new InMemoryCache() });
  }

  return {
    async "a query is answered, and its objects are found in the cache by their ids"() {
      const asking = client();
      const { data } = await asking.query({ query: ACCOUNT, variables: { tenant } });
      assert.equal(data.tenant.id, tenant);
      assert.ok(asking.cache.extract()[`Tenant:${tenant}`]);
    },

    async "a mutation changes what the cache shows"() {
      const asking = client();
      await asking.query({ query: ACCOUNT, variables: { tenant } });
      const { data } = await asking.mutate({
        mutation: gql`
          mutation Rename($tenant: ID!) {
            updateTenant(input: { id: $tenant, name: "Renamed by Apollo" }) { tenant { id name } errors { message } }
          }
        `,
        variables: { tenant },
      });
      assert.deepEqual(data.updateTenant.errors, []);
      assert.equal(asking.readQuery({ query: ACCOUNT, variables: { tenant } }).tenant.name, "Renamed by Apollo");
    },

    async "a subscription is followed"() {
      const watching = client();
      const query = gql`
        subscription Balance($tenant: ID!) { balanceChanged(tenantId: $tenant) { seq } }
      `;
      const seqs = [];
      await new Promise((resolve, fail) => {
        watching.subscribe({ query, variables: { tenant } }).subscribe({
          async next({ data }) {
            seqs.push(Number(data.balanceChanged.seq));
            if (seqs.length === 1) await server.give("4");
            else resolve();
          },
          error: fail,
        });
      });
      assert.equal(seqs[1], seqs[0] + 1);
    },

    async "the errors of an operation are read, whatever their status"() {
      for (const query of [gql`{ nonsense }`, gql`{ tenants(first: -1) { totalCount } }`]) {
        await assert.rejects(client().query({ query }), (error) => {
          assert.ok(CombinedGraphQLErrors.is(error), String(error));
          return error.errors[0].extensions.code === "INVALID";
        });
      }
    },

    async "persisted queries that this server does not know are sent whole"() {
      const sha256 = (text) => createHash("sha256").update(text).digest("hex");
      const asking = client([new PersistedQueryLink({ sha256 })]);
      const { data } = await asking.query({ query: ACCOUNT, variables: { tenant } });
      assert.equal(data.tenant.id, tenant);
    },
  };
}
