import { useEffect, useState } from "preact/hooks";
import { showCount } from "../parts/dates";

type Props = { page: number; pageCount: number; onTurn: (page: number) => void };

/** Turns the pages of the log. Any page is as fast as the first, so any may be asked for. */
export function Pager({ page, pageCount, onTurn }: Props) {
  const [wanted, setWanted] = useState(String(page));
  useEffect(() => setWanted(String(page)), [page]);
  const go = (event: Event) => {
    event.preventDefault();
    const number = Number(wanted);
    if (Number.isInteger(number) && number >= 1) onTurn(Math.min(number, pageCount));
  };
  return (
    <nav class="pager" aria-label="Pages of the call log">
      <button type="button" disabled={page <= 1} onClick={() => onTurn(1)}>
        First
      </button>
      <button type="button" disabled={page <= 1} onClick={() => onTurn(page - 1)}>
        Newer
      </button>
      <form onSubmit={go}>
        <label>
          Page{" "}
          <input
            inputMode="numeric"
            size={5}
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
        </label>{" "}
        of {showCount(pageCount)}
      </form>
      <button type="button" disabled={page >= pageCount} onClick={() => onTurn(page + 1)}>
        Older
      </button>
      <button type="button" disabled={page >= pageCount} onClick={() => onTurn(pageCount)}>
        Last
      </button>
    </nav>
  );
}
