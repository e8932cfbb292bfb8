import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Tenant } from "../books/useBooks";
import { AlertRaisedDocument, OlderAlertsDocument, type WarningFragment } from "../graph/generated";
import { useGraph } from "../graph/graph";
import type { Problem } from "../graph/problems";
import { useAnnounce } from "../parts/Announcer";
import { mergedAlerts } from "./alerts";

/** What is shown at first; older ones are asked for. */
const SHOWN = 5;

/** The alerts of the newest answer, those raised since, and as many older ones as were asked for. */
export function useAlerts(tenant: Tenant) {
  const graph = useGraph();
  const announce = useAnnounce();
  const first = tenant.alerts;
  const position = useRef(first.nodes[0]?.seq ?? 0);
  const [raised, setRaised] = useState<readonly WarningFragment[]>([]);
  const [older, setOlder] = useState<readonly WarningFragment[]>([]);
  const [shown, setShown] = useState(SHOWN);
  const [cursor, setCursor] = useState(first.pageInfo.hasNextPage ? first.pageInfo.endCursor : null);
  const [problem, setProblem] = useState<Problem>();

  useEffect(
    () =>
      graph.live.follow(
        AlertRaisedDocument,
        () => ({ tenant: tenant.id, after: position.current }),
        ({ alertRaised: alert }) => {
          if (alert.seq <= position.current) return;
          position.current = alert.seq;
          setRaised((before) => mergedAlerts(before, [alert]));
          setShown((count) => count + 1);
          announce(`Alert: ${alert.message}`);
        },
      ),
    [graph, tenant.id, announce],
  );

  const all = useMemo(() => mergedAlerts(first.nodes, raised, older), [first.nodes, raised, older]);
  const showOlder = () => {
    setShown((count) => count + 10);
    setProblem(undefined);
    if (cursor === null || all.length >= shown + 10) return;
    graph.ask(OlderAlertsDocument, { tenant: tenant.id, after: cursor }, (answer) => {
      setProblem(answer.problem);
      const page = answer.data?.tenant?.alerts;
      if (!page) return;
      setOlder((before) => mergedAlerts(before, page.nodes));
      setCursor(page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null);
    });
  };
  return { alerts: all.slice(0, shown), hasOlder: all.length > shown || cursor !== null, showOlder, problem };
}
