/** The shape of what will stand here, while it is on its way. */
export function Skeleton({ lines = 3, of }: { lines?: number; of: string }) {
  return (
    <div class="skeleton" role="status" aria-label={`Loading ${of}`}>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} class="bone" />
      ))}
    </div>
  );
}
