import { CircleCheck, CircleX } from "lucide-react";

interface CheckListProps {
  label: string;
  checks: ReadonlyArray<{ name: string; ok: boolean; detail: string }>;
}

/** What was looked at, one line each, and what was found. */
export const CheckList = ({ label, checks }: CheckListProps) => (
  <ul aria-label={label} className="flex flex-col gap-3">
    {checks.map(({ name, ok, detail }) => (
      <li key={name} className="flex gap-2.5 text-sm">
        {ok ? (
          <CircleCheck aria-label="Fine" className="mt-0.5 size-4 shrink-0 text-good" />
        ) : (
          <CircleX aria-label="Wrong" className="mt-0.5 size-4 shrink-0 text-bad" />
        )}
        <span className="min-w-0">
          {name}
          <span className="block text-xs break-words text-muted">{detail}</span>
        </span>
      </li>
    ))}
  </ul>
);
