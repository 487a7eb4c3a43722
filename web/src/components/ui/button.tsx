import { Button as BaseButton } from "@base-ui/react/button";
import { cva, type VariantProps } from "class-variance-authority";
import { LoaderCircle } from "lucide-react";
import type { ComponentProps } from "react";
import { cn } from "../../lib/cn.ts";

export const buttonStyles = cva(
  "inline-flex shrink-0 items-center justify-center gap-2 rounded-lg font-medium whitespace-nowrap transition-colors select-none disabled:opacity-50 data-disabled:opacity-50 data-disabled:cursor-not-allowed [&_svg]:size-4 [&_svg]:shrink-0",
  {
    variants: {
      variant: {
        primary: "bg-ink text-on-ink hover:not-data-disabled:bg-ink/85",
        secondary: "border bg-surface text-ink shadow-card hover:not-data-disabled:bg-sunken",
        ghost: "text-muted hover:not-data-disabled:bg-sunken hover:not-data-disabled:text-ink",
        danger: "border bg-surface text-bad hover:not-data-disabled:bg-bad-soft",
      },
      size: { sm: "h-8 px-3 text-[13px]", md: "h-10 px-4 text-sm", lg: "h-11 px-5 text-[15px]", icon: "size-9" },
    },
    defaultVariants: { variant: "primary", size: "md" },
  },
);

interface ButtonProps extends Omit<ComponentProps<typeof BaseButton>, "className">, VariantProps<typeof buttonStyles> {
  className?: string;
  /** Shows a spinner and keeps the button from being pressed again; it keeps its focus. */
  pending?: boolean;
}

export function Button({ variant, size, className, pending = false, disabled, children, ...props }: ButtonProps) {
  return (
    <BaseButton
      disabled={disabled || pending}
      focusableWhenDisabled={pending}
      aria-busy={pending || undefined}
      className={cn(buttonStyles({ variant, size }), className)}
      {...props}
    >
      {pending && <LoaderCircle aria-hidden className="animate-spin" />}
      {children}
    </BaseButton>
  );
}
