type Option = { value: string; label: string };
type Props = {
  label: string;
  value: string;
  options: readonly Option[];
  onChoose: (value: string) => void;
};

/** A list to choose one from. A value that is not in it, of an old address, stays visible. */
export function Choice({ label, value, options, onChoose }: Props) {
  const isKnown = options.some((option) => option.value === value);
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {!isKnown && <option value={value}>Unknown: {value}</option>}
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}
