import { cva, type VariantProps } from "class-variance-authority";
import type { ReactNode } from "react";

const styles = cva("inline-flex items-center gap-1.5 rounded-md px-2 py-0.5 text-xs font-medium whitespace-nowrap", {
  variants: {
    tone: {
      neutral: "bg-sunken text-muted",
      good: "bg-good-soft text-good",
      ember: "bg-ember-soft text-ember-ink",
      bad: "bg-bad-soft text-bad",
    },
  },
  defaultVariants: { tone: "neutral" },
});

export function Badge({ tone, children }: VariantProps<typeof styles> & { children: ReactNode }) {
  return <span className={styles({ tone })}>{children}</span>;
}
