import type { Lens } from "../address/view";
import { isNegative, isZero, size } from "../books/decimal";
import { Amount } from "../parts/Amount";
import { counted, creditsWord, showDays } from "../parts/dates";
import { comparisonOf, type UsageAnswer } from "./useUsage";

type Usage = NonNullable<UsageAnswer["data"]>;
type Comparison = NonNullable<Usage["comparison"]>;

const ones: Record<Exclude<Lens, "credits">, string> = { calls: "call", messages: "message", interviews: "interview" };

/** How what the chart shows differs from the range that it is compared with, in a sentence. */
export function Difference({ usage, lens }: { usage: Usage; lens: Lens }) {
  const comparison = comparisonOf(usage);
  if (comparison === undefined) return usage.comparison ? <NothingThen comparison={usage.comparison} /> : null;
  if (lens === "credits") return <Effects comparison={comparison} />;
  const difference = usage.totals[lens] - comparison.totals[lens];
  if (difference === 0) return null;
  return (
    <p class="effects soft">
      {counted(Math.abs(difference), ones[lens])} {difference < 0 ? "fewer" : "more"} than on {daysOf(comparison)}.
    </p>
  );
}

function NothingThen({ comparison }: { comparison: Comparison }) {
  return <p class="effects soft">Nothing was used on {daysOf(comparison)} to compare with.</p>;
}

/** Where a change of the credits came from. */
function Effects({ comparison }: { comparison: Comparison }) {
  const { creditsChange, volumeEffect, priceEffect } = comparison;
  if (isZero(creditsChange)) return null;
  return (
    <p class="effects soft">
      <Amount of={size(creditsChange)} /> {creditsWord(size(creditsChange))}{" "}
      {isNegative(creditsChange) ? "less" : "more"} than on {daysOf(comparison)}:{" "}
      <Amount of={volumeEffect} signed /> from how much was used, <Amount of={priceEffect} signed /> from what it cost.
    </p>
  );
}

function daysOf({ range }: Comparison): string {
  return showDays(range.firstDay, range.lastDay);
}
