/** The way to the server: urql for questions and changes over HTTP, graphql-ws for what is live. */

import { type AnyVariables, Client, fetchExchange, type TypedDocumentNode } from "@urql/core";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Live, openLive } from "./live";
import { type Problem, problemOf } from "./problems";

export type Answered<Data> = { data?: Data; problem?: Problem };

export type Graph = {
  ask<Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    hear: (answer: Answered<Data>) => void,
  ): () => void;
  change<Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Answered<Data>>;
  live: Live;
};

/** Opens the way for a key. `refused` is called once the key does not count, or no longer. */
export function openGraph(key: string, refused: (problem: Problem) => void): Graph {
  const client = new Client({
    url: "/graphql",
    // No cache: what is shown is asked for again whenever the ledger has moved on.
    exchanges: [fetchExchange],
    preferGetMethod: false,
    fetchOptions: { headers: { Authorization: `Bearer ${key}` } },
  });
  const heard = <Data,>(result: { data?: Data | undefined; error?: Parameters<typeof problemOf>[0] | undefined }) => {
    const answer: Answered<Data> = {};
    if (result.data) answer.data = result.data;
    if (result.error) answer.problem = problemOf(result.error);
    if (answer.problem?.kind === "key") refused(answer.problem);
    return answer;
  };
  return {
    ask(document, variables, hear) {
      // Leaving before the answer has come aborts the request.
      return client.query(document, variables).subscribe((result) => hear(heard(result))).unsubscribe;
    },
    async change(document, variables) {
      return heard(await client.mutation(document, variables).toPromise());
    },
    live: openLive(key, refused),
  };
}

export const GraphContext = createContext<Graph | null>(null);

export function useGraph(): Graph {
  const graph = useContext(GraphContext);
  if (graph === null) throw new Error("Nobody is signed in here.");
  return graph;
}
