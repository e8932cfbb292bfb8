import { useState } from "preact/hooks";
import { type Days, isDay } from "../address/view";

/** Asks for a first and a last day, and tells of them once both are there. */
export function DayRange({ days, onChoose }: { days: Days | null; onChoose: (days: Days) => void }) {
  const [from, setFrom] = useState(days?.from ?? "");
  const [to, setTo] = useState(days?.to ?? "");
  const put = (nextFrom: string, nextTo: string) => {
    setFrom(nextFrom);
    setTo(nextTo);
    if (isDay(nextFrom) && isDay(nextTo) && nextFrom <= nextTo) onChoose({ from: nextFrom, to: nextTo });
  };
  return (
    <>
      <label class="field">
        <span>First day</span>
        <input
          type="date"
          value={from}
          max={to || undefined}
          onChange={(event) => put(event.currentTarget.value, to)}
        />
      </label>
      <label class="field">
        <span>Last day</span>
        <input
          type="date"
          value={to}
          min={from || undefined}
          onChange={(event) => put(from, event.currentTarget.value)}
        />
      </label>
    </>
  );
}
