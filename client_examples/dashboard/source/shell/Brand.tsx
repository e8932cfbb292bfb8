export function Brand() {
  return (
    <span class="brand">
      <svg viewBox="0 0 24 20" aria-hidden="true" focusable="false">
        <path d="M3 1v18M9 1v18M15 1v18M21 1v18" />
        <path class="stroke" d="M0 15 24 5" />
      </svg>
      Tallygraph
    </span>
  );
}
