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
      pools {
        name
        balance
      }
    }
  }
}
`;

const usage = `# Where did the credits go in the last 30 days?
query Usage($tenantId: ID!) {
  tenant(id: $tenantId) {
    usage(range: { preset: LAST_30_DAYS }) {
      totals {
        credits
        calls
        messages
        interviews
      }
      series(every: DAY) {
        day
        totals {
          credits
        }
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
        changeRatio
        creditsChange
        volumeEffect
        priceEffect
      }
    }
  }
}
`;

const agents = `# The tenant's agents, and what each has used in this billing period.
query Agents($tenantId: ID!) {
  tenant(id: $tenantId) {
    agents(first: 20) {
      totalCount
      nodes {
        id
        name
        channel
        model
        isLive
        usage {
          totals {
            credits
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

const balance = `# The balance, live: leave it running, and record a call in another tab of your browser.
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
    [agents, ofTenant],
    [callLog, { ...ofTenant, page: 1 }],
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
