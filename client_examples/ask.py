"""Asks what a tenant has left and what it used.

    pip install "gql[httpx]"
    python ask.py http://localhost:8000/graphql KEY TENANT_ID

Credits are decimal strings: calculate with decimal.Decimal, never with float.
"""

import sys

from gql import Client, gql
from gql.transport.exceptions import TransportError
from gql.transport.httpx import HTTPXTransport

OVERVIEW = gql("""
    query Overview($tenant: ID!) {
      tenant(id: $tenant) {
        name
        credits {
          available
          nextBillingDate
          pools { name balance }
        }
        usage(range: { preset: LAST_30_DAYS }) {
          totals { credits calls messages interviews }
          breakdown(by: AGENT, first: 5) { slices { label totals { credits } } }
        }
      }
    }
""")


def ask(url: str, key: str, tenant: str) -> None:
    transport = HTTPXTransport(url, headers={"Authorization": f"Bearer {key}"}, timeout=20)
    OVERVIEW.variable_values = {"tenant": tenant}
    try:
        answer = Client(transport=transport).execute(OVERVIEW)
    except TransportError as error:
        sys.exit(f"No answer: {error}")
    if answer["tenant"] is None:
        sys.exit("There is no such tenant, or the key is another's.")
    credits, usage = answer["tenant"]["credits"], answer["tenant"]["usage"]
    print(f"{answer['tenant']['name']}: {credits['available']} credits, more on {credits['nextBillingDate']}")
    for pool in credits["pools"]:
        print(f"  {pool['name']}: {pool['balance']}")
    print(f"Used in 30 days: {usage['totals']['credits']} credits in {usage['totals']['calls']} calls")
    for agent in usage["breakdown"]["slices"]:
        print(f"  {agent['label']}: {agent['totals']['credits']}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    ask(*sys.argv[1:])
