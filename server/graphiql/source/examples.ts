/** The queries that the explorer opens with: one tab each, ready to run with the ids of the key's own tenant. */

/** One tab of the explorer, as its three editors show it. */
export type Tab = { query: string; variables: string; headers: string };

/** What the examples need to know of the tenant that the key belongs to. Empty texts where it is not known. */
export type Ids = { tenantId: string; agentId: string };

export const nothingKnown: Ids = { tenantId: "", agentId: "" };

const overview = `# Who am I, and what is left? Press Ctrl-Enter to run.
query Overview($tenantId: ID!) {
  viewer {
    role
    keyName
  }
  tenant(id: $tenantId) {
    name
    plan {
      name
      monthlyCredits
    }
    credits {
      available
      held
      overdrawn
      usedThisPeriod
      nextBillingDate
      daysRemaining
      pools {
        name
        balance
      }
    }
    alerts(first: 3) {
      nodes {
        raisedAt
        message
        agent {
          name
        }
      }
    }
  }
}
`;

const usage = `# What was used in the last 30 days: in all, by day, by agent, and against the 30 days before.
query Usage($tenantId: ID!) {
  tenant(id: $tenantId) {
    usage(range: { preset: LAST_30_DAYS }) {
      totals {
        credits
        calls
        messages
        interviews
      }
      breakdown(by: AGENT, first: 5) {
        slices {
          label
          share
          totals {
            credits
          }
        }
        otherCount
      }
      comparison(against: PREVIOUS_RANGE) {
        creditsChange
        volumeEffect
        priceEffect
      }
      series(every: DAY) {
        day
        totals {
          credits
        }
      }
    }
  }
}
`;

const grants = `# What will pay next, and when does it end? Which grants would a spend of 25 credits take?
query Grants($tenantId: ID!) {
  tenant(id: $tenantId) {
    credits {
      grants(first: 10) {
        nodes {
          pool
          source
          amount
          remaining
          effectiveAt
          expiresAt
          remarks
        }
      }
      wouldSpend(credits: "25") {
        allocations {
          credits
          grant {
            source
          }
        }
        shortfall
      }
      history(range: { preset: LAST_30_DAYS }, every: DAY) {
        at
        available
      }
    }
  }
}
`;

const ledger = `# Every movement of credits, the last recorded first, and what it was about.
query Ledger($tenantId: ID!, $after: String) {
  tenant(id: $tenantId) {
    credits {
      ledger(first: 10, after: $after) {
        totalCount
        pageInfo {
          endCursor
          hasNextPage
        }
        nodes {
          seq
          kind
          credits
          balanceAfter
          occurredAt
          agent {
            name
          }
          subject {
            __typename
            ... on Call {
              durationSeconds
              charge {
                lines {
                  explanation
                }
              }
            }
            ... on Message {
              charge {
                lines {
                  explanation
                }
              }
            }
          }
        }
      }
    }
  }
}
`;

const agents = `# The tenant's agents, with the newest calls of each.
query Agents($tenantId: ID!) {
  tenant(id: $tenantId) {
    agentSlots {
      used
      limit
    }
    agents(first: 20) {
      totalCount
      nodes {
        id
        name
        channel
        model
        isLive
        budget {
          used
          credits
          every
        }
        calls(first: 3) {
          totalCount
          nodes {
            startedAt
            billedSeconds
            creditsUsed
          }
        }
      }
    }
  }
}
`;

const hiring = `# Interviews by opening, and what was written down: empty for tenants that do neither.
query Hiring($tenantId: ID!) {
  tenant(id: $tenantId) {
    openings(first: 5) {
      totalCount
      nodes {
        jobTitle
        status
        interviewsInvited
        interviewsCompleted
        creditsUsed
        interviews(first: 3) {
          nodes {
            candidate
            status
            progress
            creditsUsed
          }
        }
      }
    }
    interactions(first: 3) {
      totalCount
      nodes {
        createdAt
        creditsConsumed
        transcripts {
          nodes {
            audioSeconds
            creditsConsumed
          }
        }
        facts {
          totalCount
        }
        documents {
          nodes {
            name
            creditsConsumed
          }
        }
      }
    }
  }
}
`;

const callLog = `# The call log, newest first, and why its newest call cost what it cost.
query CallLog($tenantId: ID!, $page: Int = 1) {
  tenant(id: $tenantId) {
    callLog(page: $page) {
      page
      pageCount
      totalRows
      rows {
        at
        creditsUsed
        creditsAdded
        balanceAfter
        remarks
        call {
          durationSeconds
          billedSeconds
        }
      }
      summary {
        totalCalls
        creditsUsed
        availableCredits
      }
    }
    calls(first: 1) {
      nodes {
        charge {
          credits
          lines {
            explanation
          }
          allocations {
            credits
            grant {
              source
              remaining
            }
          }
        }
      }
    }
  }
}
`;

const recordCall = `# Reports a call. Run it twice: the same key never charges twice.
mutation RecordCall($input: CallInput!) {
  recordCall(input: $input) {
    call {
      id
      durationSeconds
      billedSeconds
      creditsUsed
      charge {
        lines {
          explanation
        }
      }
    }
    errors {
      code
      message
      path
    }
  }
}
`;

const balance = `# The balance, live. Leave it running,
# and record a call in another tab of your browser.
subscription Balance($tenantId: ID!) {
  balanceChanged(tenantId: $tenantId) {
    seq
    available
    held
    pools {
      kind
      balance
    }
    entries {
      kind
      credits
      balanceAfter
      remarks
    }
  }
}
`;

/** All examples as tabs, with the headers that carry the key. */
export function exampleTabs(ids: Ids, headers: string, now: Date): Tab[] {
  const ofTenant = { tenantId: ids.tenantId };
  const examples: [query: string, variables: object][] = [
    [overview, ofTenant],
    [usage, ofTenant],
    [callLog, { ...ofTenant, page: 1 }],
    [agents, ofTenant],
    [grants, ofTenant],
    [ledger, ofTenant],
    [hiring, ofTenant],
    [recordCall, { input: aCall(ids.agentId, now) }],
    [balance, ofTenant],
  ];
  return examples.map(([query, variables]) => ({ query, variables: asText(variables), headers }));
}

/** A call of 61 seconds that ended just now: on steps of a minute it is billed as two. */
function aCall(agentId: string, now: Date): object {
  const startedAt = new Date(now.getTime() - 65_000).toISOString();
  const connectedAt = new Date(now.getTime() - 61_000).toISOString();
  const key = `explorer-${now.getTime()}`;
  return { agentId, key, direction: "OUTBOUND", startedAt, connectedAt, endedAt: now.toISOString() };
}

export function asText(value: object): string {
  return JSON.stringify(value, null, 2);
}
