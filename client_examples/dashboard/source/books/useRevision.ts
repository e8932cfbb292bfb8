import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useConnection } from "../graph/useConnection";

const GATHERING = 600;
const AT_MOST_EVERY = 4_000;

export type Revision = {
  /** Goes up when what is shown should be asked for anew. */
  revision: number;
  /** Something has moved: soon, and together with what else moves, it is time. */
  moved: () => void;
  /** Something was done here, and its effect is waited for. */
  movedNow: () => void;
};

/**
 * When to ask anew: a moment after entries came in, never more often than every few seconds, and after a lost connection.
 * A page that is hidden waits until it is looked at.
 */
export function useRevision(): Revision {
  const [revision, setRevision] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // What is shown at first was asked for just now.
  const last = useRef(performance.now());

  const hasMoved = useRef(false);

  const movedNow = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = undefined;
    hasMoved.current = false;
    last.current = performance.now();
    setRevision((count) => count + 1);
  }, []);
  const moved = useCallback(() => {
    hasMoved.current = true;
    // Nobody looks: it is time when somebody does.
    if (timer.current !== undefined || document.hidden) return;
    const wait = Math.max(GATHERING, last.current + AT_MOST_EVERY - performance.now());
    timer.current = setTimeout(movedNow, wait);
  }, [movedNow]);
  useEffect(() => {
    const look = () => {
      if (!document.hidden && hasMoved.current) movedNow();
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      clearTimeout(timer.current);
    };
  }, [movedNow]);

  const connection = useConnection();
  const wasLost = useRef(false);
  useEffect(() => {
    if (connection === "live" && wasLost.current) movedNow();
    if (connection !== "connecting") wasLost.current = connection === "lost";
  }, [connection, movedNow]);

  return { revision, moved, movedNow };
}
