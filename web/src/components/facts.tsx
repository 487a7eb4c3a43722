import type { ReactNode } from "react";

/** What is known of one thing: names on the left, values on the right. */
export const Facts = ({ children }: { children: ReactNode }) => <dl className="divide-y">{children}</dl>;

export const Fact = ({ name, hint, children }: { name: string; hint?: ReactNode; children: ReactNode }) => (
  <div className="flex items-baseline justify-between gap-6 py-2.5 text-sm">
    <dt className="min-w-24 flex-1">
      {name}
      {hint && <span className="block text-xs text-pretty text-muted">{hint}</span>}
    </dt>
    <dd className="min-w-0 text-right font-medium break-words">{children}</dd>
  </div>
);
