// A small client whose answers have types: `client.ts URL KEY TENANT`. Compiled with --strict.

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { GiveCreditsDocument, OverviewDocument, type OverviewQuery } from "./generated.js";

const [url, key, tenant] = process.argv.slice(2) as [string, string, string];

async function ask<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const answer = (await response.json()) as { data?: Data; errors?: { message: string }[] };
  if (!answer.data) throw new Error(answer.errors?.map(({ message }) => message).join(", ") ?? response.statusText);
  return answer.data;
}

function poolsOf(overview: OverviewQuery): Record<string, string> {
  const pools = overview.tenant?.credits?.pools ?? [];
  return Object.fromEntries(pools.map(({ kind, balance }) => [kind, balance]));
}

const { grantCredits } = await ask(GiveCreditsDocument, { input: { tenantId: tenant, key: "typed-client", credits: "7.5" } });
const refused: string[] = grantCredits.errors.map(({ code, message, path }) => `${code} ${path.join(".")}: ${message}`);
const overview = await ask(OverviewDocument, { tenant });

// @ts-expect-error The graph has no such field, and the types know it.
overview.viewer.nonsense;

console.log(JSON.stringify({ role: overview.viewer.role, refused, pools: poolsOf(overview) }));
