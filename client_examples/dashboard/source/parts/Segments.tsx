import { useId } from "preact/hooks";

type Props<T extends string> = {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChoose: (value: T) => void;
};

/** A few choices side by side, one of which is on: radio buttons, so that the arrow keys work. */
export function Segments<T extends string>({ label, value, options, onChoose }: Props<T>) {
  const name = useId();
  return (
    <fieldset class="segments">
      <legend class="for-readers">{label}</legend>
      {options.map((option) => (
        <label key={option.value} class={option.value === value ? "on" : ""}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChoose(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
