import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  options: { value: Value; label: string; hint: string }[];
  onChange: (value: Value) => void;
  disabled?: boolean;
}

/** A few alternatives, each with a line that says what it means. */
export function Choice<Value extends string>({ label, value, options, onChange, disabled }: ChoiceProps<Value>) {
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 text-sm font-medium">{label}</legend>
      <RadioGroup
        aria-label={label}
        value={value}
        disabled={disabled}
        onValueChange={(next) => onChange(next)}
        className="grid gap-2 sm:grid-cols-2"
      >
        {options.map((option) => (
          <label
            key={option.value}
            className="flex cursor-pointer gap-3 rounded-lg border p-3 transition-colors hover:bg-sunken has-data-checked:border-ink has-data-checked:bg-sunken has-data-disabled:pointer-events-none has-data-disabled:opacity-60"
          >
            <Radio.Root
              value={option.value}
              className="mt-0.5 flex size-4 shrink-0 items-center justify-center rounded-full border border-line-strong data-checked:border-ink data-checked:bg-ink"
            >
              <Radio.Indicator className="size-1.5 rounded-full bg-on-ink" />
            </Radio.Root>
            <span>
              <span className="block text-sm font-medium">{option.label}</span>
              <span className="block text-[13px] text-muted">{option.hint}</span>
            </span>
          </label>
        ))}
      </RadioGroup>
    </fieldset>
  );
}
