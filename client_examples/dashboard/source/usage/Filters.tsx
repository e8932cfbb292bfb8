import { useState } from "preact/hooks";
import type { ChangeView } from "../address/useView";
import { type Days, presets, usual, type View } from "../address/view";
import type { Choices } from "../books/useChoices";
import type { RangePreset } from "../graph/generated";
import { Choice } from "../parts/Choice";
import { DayRange } from "./DayRange";
import { rangeNames } from "./words";

type Props = {
  view: View;
  choices: Choices;
  change: ChangeView;
  onWrongDays: (days: Days | null) => void;
  /** Why the server refuses the wrong days. */
  refusal: string | undefined;
};

const OWN = "own";
const rangeOptions = [
  ...presets.map((preset) => ({ value: preset, label: rangeNames[preset] })),
  { value: OWN, label: "Days of your choice" },
];

/** Which days, and whose usage. It is kept in the address. */
export function Filters({ view, choices, change, onWrongDays, refusal }: Props) {
  const [asksDays, setAsksDays] = useState(false);
  const ownDays = typeof view.range === "string" ? null : view.range;
  const showsDays = asksDays || ownDays !== null;
  const isFiltered = view.agent !== null || view.opening !== null || view.member !== null;

  const chooseRange = (value: string) => {
    setAsksDays(value === OWN);
    if (value !== OWN) change({ range: value as RangePreset });
  };
  const chooseDays = (days: Days) => {
    setAsksDays(false);
    change({ range: days });
  };
  const someone = (value: string) => value || null;
  return (
    <form class="panel filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <Choice
        label="Range"
        value={showsDays ? OWN : String(view.range)}
        options={rangeOptions}
        onChoose={chooseRange}
      />
      {showsDays && <DayRange days={ownDays} onChoose={chooseDays} onWrong={onWrongDays} refusal={refusal} />}
      <Choice
        label="Agent"
        value={view.agent ?? ""}
        options={[
          { value: "", label: "All agents" },
          ...choices.agents.map(({ id, name, isLive }) => ({ value: id, label: isLive ? name : `${name} (not live)` })),
        ]}
        onChoose={(agent) => change({ agent: someone(agent) })}
      />
      <Choice
        label="Opening"
        value={view.opening ?? ""}
        options={[
          { value: "", label: "All openings" },
          ...choices.openings.map(({ id, jobTitle, status }) => ({
            value: id,
            label: status === "CLOSED" ? `${jobTitle} (closed)` : jobTitle,
          })),
        ]}
        onChoose={(opening) => change({ opening: someone(opening) })}
      />
      <Choice
        label="Member"
        value={view.member ?? ""}
        options={[
          { value: "", label: "All members" },
          ...choices.members.map(({ id, name }) => ({ value: id, label: name })),
        ]}
        onChoose={(member) => change({ member: someone(member) })}
      />
      {(isFiltered || asksDays || view.range !== usual.range) && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            setAsksDays(false);
            change({ range: usual.range, agent: null, opening: null, member: null });
          }}
        >
          Clear filters
        </button>
      )}
    </form>
  );
}
