import { useId } from "preact/hooks";

type Props = {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: string;
  required?: boolean;
};

/** Asks for an amount of credits. It stays a text: a field of type number would make it a binary float. */
export function AmountField({ label, value, onInput, hint, required = false }: Props) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        inputMode="decimal"
        autocomplete="off"
        pattern="\d{1,12}(\.\d{1,6})?"
        title="A number with up to six decimals, such as 250 or 12.5"
        required={required}
        value={value}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onInput={(event) => onInput(event.currentTarget.value.trim())}
      />
      {hint && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}
