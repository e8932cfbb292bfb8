import { useState } from "preact/hooks";
import { rangeInput, usageFilter, type View } from "../address/view";
import type { Tenant } from "../books/useBooks";
import { type ExportFormat, ExportUsageDocument } from "../graph/generated";
import { useGraph } from "../graph/graph";
import { refusalOf } from "../graph/problems";
import { counted } from "../parts/dates";
import { Panel } from "../parts/Panel";
import { rangeName } from "../usage/words";

const formats: { format: ExportFormat; label: string }[] = [
  { format: "CSV", label: "Export CSV" },
  { format: "XLSX", label: "Export Excel" },
];

/** The usage that the page shows, as a file: prepared by the server, fetched by a link that works for a while. */
export function Exports({ tenant, view }: { tenant: Tenant; view: View }) {
  const graph = useGraph();
  const [busy, setBusy] = useState<ExportFormat | null>(null);
  const [told, setTold] = useState<{ text: string; isRefusal: boolean } | null>(null);

  const prepare = async (format: ExportFormat) => {
    setBusy(format);
    setTold(null);
    const input = { tenantId: tenant.id, range: rangeInput(view.range), format, filter: usageFilter(view) };
    const { data, problem } = await graph.change(ExportUsageDocument, { input });
    setBusy(null);
    const file = data?.exportUsage.export;
    if (!file) {
      const text = problem?.message ?? refusalOf(data?.exportUsage.errors) ?? "There is no file.";
      setTold({ text, isRefusal: true });
      return;
    }
    fetchFile(file.url, file.fileName);
    setTold({ text: `${file.fileName}: ${counted(file.rows, "row")}.`, isRefusal: false });
  };
  return (
    <Panel title="Export">
      <p class="soft">
        {rangeName(view.range)}, with the filters above: a row for each day, agent, opening and activity.
      </p>
      <div class="row">
        {formats.map(({ format, label }) => (
          <button type="button" key={format} disabled={busy !== null} onClick={() => prepare(format)}>
            {busy === format ? "Preparing ..." : label}
          </button>
        ))}
      </div>
      <p class={told?.isRefusal ? "refusal" : "soft"} role="status" aria-label="Export">
        {told?.text}
      </p>
    </Panel>
  );
}

/** Lets the browser save a file, without leaving the page. */
function fetchFile(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
}
