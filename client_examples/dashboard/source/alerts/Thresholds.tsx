import { useId, useState } from "preact/hooks";
import { readAmount } from "../books/decimal";
import type { Tenant } from "../books/useBooks";
import { SetThresholdsDocument } from "../graph/generated";
import { useGraph } from "../graph/graph";
import { refusalOf } from "../graph/problems";

type Props = { tenant: Tenant; saved: () => void };

/** Below which amounts an alert is raised: a short list, such as "250 50 0". */
export function Thresholds({ tenant, saved }: Props) {
  const graph = useGraph();
  const hint = useId();
  const known = tenant.credits.lowBalanceThresholds.join(" ");
  // What is being typed; null while it is as the server has it.
  const [text, setText] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);

  const save = async (event: Event) => {
    event.preventDefault();
    const thresholds = (text ?? known).split(/[\s;]+/).filter(Boolean);
    if (thresholds.some((amount) => readAmount(amount) === null)) {
      setRefusal("Amounts with up to six decimals, with spaces between them.");
      return;
    }
    const { data, problem } = await graph.change(SetThresholdsDocument, { tenant: tenant.id, thresholds });
    const refused = problem?.message ?? refusalOf(data?.setLowBalanceThresholds.errors);
    setRefusal(refused ?? null);
    if (refused) return;
    saved();
    setText(null);
  };
  return (
    <form class="thresholds" aria-label="Low balance" onSubmit={save}>
      <label class="field">
        <span>Warn when fewer credits are available than</span>
        <input
          inputMode="decimal"
          autocomplete="off"
          placeholder="never"
          aria-describedby={hint}
          value={text ?? known}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button disabled={text === null || text === known}>Set</button>
      <p id={hint} class="hint">
        It counts from the next time the balance falls below it. Several are separated by spaces.
      </p>
      {refusal && (
        <p class="refusal" role="alert">
          {refusal}
        </p>
      )}
    </form>
  );
}
