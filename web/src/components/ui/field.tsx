import { Field as BaseField } from "@base-ui/react/field";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "../../lib/cn.ts";

interface TextFieldProps extends Omit<ComponentProps<typeof BaseField.Control>, "className"> {
  label: string;
  hint?: ReactNode;
  error?: string | null;
  /** Stands inside the box, before the text. */
  prefix?: string;
  className?: string;
  inputClassName?: string;
}

export const inputStyles =
  "h-10 w-full rounded-lg border border-line-strong/50 bg-surface px-3 text-base sm:text-sm outline-none transition-shadow placeholder:text-muted/70 focus-visible:border-ember focus-visible:ring-3 focus-visible:ring-ember/25 data-invalid:border-bad disabled:opacity-60";

export function TextField({ label, hint, error, prefix, className, inputClassName, ...props }: TextFieldProps) {
  return (
    <BaseField.Root invalid={Boolean(error)} className={cn("flex flex-col gap-1.5", className)}>
      <BaseField.Label className="text-sm font-medium">{label}</BaseField.Label>
      <div className="relative">
        {prefix && (
          <span aria-hidden className="pointer-events-none absolute inset-y-0 left-3.5 flex items-center text-muted">
            {prefix}
          </span>
        )}
        <BaseField.Control className={cn(inputStyles, prefix && "pl-8", inputClassName)} {...props} />
      </div>
      {hint && !error && <BaseField.Description className="text-[13px] text-muted">{hint}</BaseField.Description>}
      <BaseField.Error match={Boolean(error)} className="text-[13px] text-bad">
        {error}
      </BaseField.Error>
    </BaseField.Root>
  );
}
