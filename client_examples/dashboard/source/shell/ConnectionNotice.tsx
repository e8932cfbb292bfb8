import { useEffect, useState } from "preact/hooks";
import { useConnection } from "../graph/useConnection";
import { showTime } from "../parts/dates";

const THANKS_FOR = 6_000;

/** Says when the connection is lost, and when it is back. */
export function ConnectionNotice({ zone }: { zone: string | undefined }) {
  const connection = useConnection();
  const [lostAt, setLostAt] = useState<string | null>(null);
  const [isBack, setIsBack] = useState(false);

  useEffect(() => {
    if (connection === "lost") {
      setLostAt((since) => since ?? new Date().toISOString());
      setIsBack(false);
    }
    if (connection === "live" && lostAt !== null) {
      setLostAt(null);
      setIsBack(true);
    }
  }, [connection, lostAt]);
  useEffect(() => {
    if (!isBack) return;
    const timer = setTimeout(() => setIsBack(false), THANKS_FOR);
    return () => clearTimeout(timer);
  }, [isBack]);

  return (
    <div class="connection-notice" role="status" aria-label="Connection">
      {lostAt !== null && (
        <p class="lost">
          The connection to the server is lost. What is shown is as of {showTime(lostAt, zone ?? "UTC")}; it is tried
          again by itself.
        </p>
      )}
      {isBack && <p class="back">The connection is back, and nothing was missed.</p>}
    </div>
  );
}
