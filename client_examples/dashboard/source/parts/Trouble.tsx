import type { Problem } from "../graph/problems";

/** Says what went wrong, and offers another try. */
export function Trouble({ problem, again }: { problem: Problem; again: () => void }) {
  return (
    <div class="trouble" role="alert">
      <p>
        {problem.message}
        {problem.kind === "unreachable" && " It is tried again by itself."}
      </p>
      <button type="button" onClick={again}>
        Try again
      </button>
    </div>
  );
}
