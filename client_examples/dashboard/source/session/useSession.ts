import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { type Graph, openGraph } from "../graph/graph";
import type { Problem } from "../graph/problems";
import { storedKey, storeKey, takeKeyFromAddress } from "./key";

export type Session = {
  /** Null while nobody is signed in. */
  graph: Graph | null;
  /** Why the last key was not taken. */
  refusal: string | null;
  signIn: (key: string) => void;
  signOut: () => void;
};

export function useSession(): Session {
  const [key, setKey] = useState(() => takeKeyFromAddress() ?? storedKey());
  const [refusal, setRefusal] = useState<string | null>(null);

  const leave = useCallback((because: string | null) => {
    storeKey(null);
    setKey(null);
    setRefusal(because);
  }, []);
  const signIn = useCallback((next: string) => {
    setRefusal(null);
    setKey(next);
  }, []);

  const graph = useMemo(() => {
    if (key === null) return null;
    storeKey(key);
    return openGraph(key, (problem: Problem) => leave(problem.message));
  }, [key, leave]);
  useEffect(() => () => graph?.live.close(), [graph]);
  useEffect(() => {
    // The page is open already when such a link is clicked.
    const reread = () => {
      const given = takeKeyFromAddress();
      if (given !== null) signIn(given);
    };
    addEventListener("hashchange", reread);
    return () => removeEventListener("hashchange", reread);
  }, [signIn]);

  return { graph, refusal, signIn, signOut: () => leave(null) };
}
