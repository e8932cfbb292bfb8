// A page of a tenant's agents, as a component of React Relay would ask for it.

import { graphql } from "relay-runtime";

export const agentsQuery = graphql`
  query AgentsQuery($tenant: ID!) {
    tenant(id: $tenant) {
      ...Agents_tenant
    }
  }
`;

export const agents = graphql`
  fragment Agents_tenant on Tenant
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "AgentsPageQuery") {
    name
    agents(first: $count, after: $cursor) @connection(key: "Agents_agents") {
      edges {
        node {
          name
          channel
        }
      }
    }
  }
`;

export const balance = graphql`
  subscription AgentsBalanceSubscription($tenant: ID!) {
    balanceChanged(tenantId: $tenant) {
      available
    }
  }
`;

export const rename = graphql`
  mutation AgentsRenameMutation($input: UpdateAgentInput!) {
    updateAgent(input: $input) {
      agent {
        name
      }
      errors {
        message
      }
    }
  }
`;
