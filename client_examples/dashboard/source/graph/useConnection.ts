import { useEffect, useState } from "preact/hooks";
import { useGraph } from "./graph";
import type { Connection } from "./live";

export function useConnection(): Connection {
  const { live } = useGraph();
  const [connection, setConnection] = useState<Connection>("connecting");
  useEffect(() => live.watch(setConnection), [live]);
  return connection;
}
