import { useEffect, useId, useState } from "preact/hooks";
import { type Days, isDay } from "../address/view";

type Props = {
  days: Days | null;
  onChoose: (days: Days) => void;
  /** Told of days that end before they begin, and of null once they do not, or are asked for no longer. */
  onWrong: (days: Days | null) => void;
  /** Why the server refuses the days. */
  refusal: string | undefined;
};

/** Asks for a first and a last day, and tells of them once both are there. */
export function DayRange({ days, onChoose, onWrong, refusal }: Props) {
  const [from, setFrom] = useState(days?.from ?? "");
  const [to, setTo] = useState(days?.to ?? "");
  const why = useId();
  useEffect(() => () => onWrong(null), [onWrong]);

  const put = (from: string, to: string) => {
    setFrom(from);
    setTo(to);
    const areThere = isDay(from) && isDay(to);
    onWrong(areThere && from > to ? { from, to } : null);
    if (areThere && from <= to) onChoose({ from, to });
  };
  const told = { "aria-invalid": refusal !== undefined, "aria-describedby": refusal && why };
  return (
    <>
      <label class="field">
        <span>First day</span>
        <input type="date" value={from} {...told} onChange={(event) => put(event.currentTarget.value, to)} />
      </label>
      <label class="field">
        <span>Last day</span>
        <input type="date" value={to} {...told} onChange={(event) => put(from, event.currentTarget.value)} />
      </label>
      {refusal && (
        <p id={why} class="refusal" role="alert">
          {refusal}
        </p>
      )}
    </>
  );
}
