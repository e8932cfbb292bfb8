import type { Bar } from "./bars";

/** The chart in numbers. */
export function ChartTable({ bars, caption, hasThen }: { bars: readonly Bar[]; caption: string; hasThen: boolean }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="for-readers">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Interval</th>
            <th scope="col" class="number">
              Used
            </th>
            {hasThen && (
              <>
                <th scope="col">Compared with</th>
                <th scope="col" class="number">
                  Used then
                </th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {bars.map(({ now, then }, index) => (
            <tr key={index}>
              <th scope="row">{now?.label ?? "–"}</th>
              <td class="number">{now?.value ?? "–"}</td>
              {hasThen && (
                <>
                  <td>{then?.label ?? "–"}</td>
                  <td class="number">{then?.value ?? "–"}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
