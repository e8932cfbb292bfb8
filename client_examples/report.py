"""Writes what each agent used last month as CSV: for a spreadsheet, or the nightly load of a warehouse.

    pip install "gql[httpx]"
    python report.py http://localhost:8000/graphql KEY TENANT_ID > usage.csv

The server adds up, by the tenant's own days; the rows sum to the month's total exactly.
"""

import csv
import sys

from gql import Client, gql
from gql.transport.httpx import HTTPXTransport

USAGE = gql("""
    query Usage($tenant: ID!) {
      tenant(id: $tenant) {
        usage(range: { preset: LAST_MONTH }) {
          range { firstDay lastDay }
          breakdown(by: AGENT, first: 100) {
            slices { key label totals { ...Columns } }
            otherCount
            other { ...Columns }
          }
        }
      }
    }

    fragment Columns on UsageTotals { credits calls billedSeconds messages interviews transcripts facts documents }
""")


def write(url: str, key: str, tenant: str) -> None:
    transport = HTTPXTransport(url, headers={"Authorization": f"Bearer {key}"}, timeout=20)
    USAGE.variable_values = {"tenant": tenant}
    usage = Client(transport=transport).execute(USAGE)["tenant"]["usage"]
    days, agents = usage["range"], usage["breakdown"]
    table = csv.writer(sys.stdout)
    table.writerow(["firstDay", "lastDay", "agentId", "agent", *agents["other"]])
    rows = [(agent["key"], agent["label"], agent["totals"]) for agent in agents["slices"]]
    if agents["otherCount"]:
        rows.append(("", f"{agents['otherCount']} others", agents["other"]))
    for id, name, totals in rows:
        table.writerow([days["firstDay"], days["lastDay"], id, name, *totals.values()])


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    write(*sys.argv[1:])
