import { showAmount, showChange } from "../books/decimal";

type Props = {
  /** As the graph sent it. */
  of: string;
  /** Decimals that are shown even where they are zeros. */
  least?: number;
  /** With a plus where it is positive. */
  signed?: boolean;
};

/** An exact amount. What stands behind the second decimal is there, and steps back. */
export function Amount({ of, least = 0, signed = false }: Props) {
  const text = signed ? showChange(of, least) : showAmount(of, least);
  const point = text.indexOf(".");
  const [front, rest] = point < 0 ? [text, ""] : [text.slice(0, point + 3), text.slice(point + 3)];
  return (
    <span class="amount">
      {front}
      {/* In a column it holds its place where it is empty, so that the points stand below each other. */}
      {(rest || least > 0) && <span class="fine">{rest}</span>}
    </span>
  );
}
