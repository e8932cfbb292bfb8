import { useEffect, useRef } from "preact/hooks";
import { useAnnounce } from "../parts/Announcer";
import { isNegative, isZero, showAmount, size, subtract } from "./decimal";

/** A busy account moves every second: whoever listens is told what it comes to, once in a while. */
const AT_MOST_EVERY = 60_000;

/** Tells screen readers of the balance: at most once a minute, and at once when nothing is left. */
export function useSpokenBalance(available: string): void {
  const announce = useAnnounce();
  const spoken = useRef({ available, at: performance.now() });
  const newest = useRef(available);
  newest.current = available;

  const isOut = isNegative(available) || isZero(available);
  useEffect(() => {
    if (isOut) announce(`No credits are available: ${showAmount(newest.current)}.`);
  }, [isOut, announce]);

  useEffect(() => {
    if (available === spoken.current.available) return;
    const wait = Math.max(0, spoken.current.at + AT_MOST_EVERY - performance.now());
    const timer = setTimeout(() => {
      const change = subtract(newest.current, spoken.current.available);
      spoken.current = { available: newest.current, at: performance.now() };
      if (isZero(change)) return;
      const moved = `${showAmount(size(change))} ${isNegative(change) ? "fewer" : "more"}`;
      announce(`${showAmount(newest.current)} credits available, ${moved} than before.`);
    }, wait);
    return () => clearTimeout(timer);
  }, [available, announce]);
}
