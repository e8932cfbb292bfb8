import type { AnyVariables, TypedDocumentNode } from "@urql/core";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useGraph } from "./graph";
import type { Problem } from "./problems";

export type Answer<Data> = {
  /** The newest answer; while another question is under way, that of the question before. */
  data: Data | undefined;
  problem: Problem | undefined;
  /** Whether the data belongs to other variables than those that were given now. */
  isStale: boolean;
  again: () => void;
};

const FIRST_WAIT = 1_500;
const LONGEST_WAIT = 10_000;

type State<Data> = { of: string; data?: Data | undefined; problem?: Problem | undefined };
type Options<Variables> = {
  /** Another number asks the same question anew. */
  revision?: number;
  /** Variables that are decided at the moment of asking, and whose change asks nothing. */
  atAsking?: () => Partial<Variables>;
};

/**
 * The answer to a query. Asked anew when its variables change, when `revision` does, or by `again`; what was there
 * stays until the new answer comes. A server that cannot be reached is asked again and again. `null` asks nothing.
 */
export function useAnswer<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables | null,
  { revision = 0, atAsking }: Options<Variables> = {},
): Answer<Data> {
  const graph = useGraph();
  const [state, setState] = useState<State<Data>>({ of: "" });
  const [tries, setTries] = useState(0);
  const failures = useRef(0);
  const more = useRef(atAsking);
  more.current = atAsking;
  const question = variables === null ? "" : JSON.stringify(variables);

  useEffect(() => {
    if (question === "") return;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const asked = { ...(JSON.parse(question) as object), ...more.current?.() } as Variables;
    const leave = graph.ask(document, asked, ({ data, problem }) => {
      setState((before) => ({
        of: question,
        // A part of the answer is worth showing; so is an older one while the server is away.
        data: data ?? (before.of === question || problem?.kind === "unreachable" ? before.data : undefined),
        problem,
      }));
      if (problem?.kind !== "unreachable") {
        failures.current = 0;
        return;
      }
      const wait = Math.min(FIRST_WAIT * 2 ** failures.current++, LONGEST_WAIT);
      retry = setTimeout(() => setTries((count) => count + 1), wait);
    });
    return () => {
      clearTimeout(retry);
      leave();
    };
  }, [graph, document, question, revision, tries]);

  const again = useCallback(() => setTries((count) => count + 1), []);
  return { data: state.data, problem: state.problem, isStale: state.of !== question, again };
}
