import { RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { describeError } from "../lib/errors.ts";
import { Button } from "./ui/button.tsx";
import { Card } from "./ui/card.tsx";

interface QueryViewProps<T> {
  query: { data: T | undefined; error: unknown; isPending: boolean; isFetching: boolean; refetch: () => unknown };
  /** Names the thing for those who don't see the grey shapes: "balance". */
  name: string;
  loading: ReactNode;
  /** Where the view stands on the bare page: an error gets a card of its own. */
  framed?: boolean;
  empty?: ReactNode;
  isEmpty?: (data: T) => boolean;
  children: (data: T) => ReactNode;
}

/** The four states of every view: loading, error with retry, empty with one action, data. Old data beats an error. */
export function QueryView<T>({ query, name, loading, framed, empty, isEmpty, children }: QueryViewProps<T>) {
  if (query.data !== undefined) return isEmpty?.(query.data) ? empty : children(query.data);
  if (query.error) {
    const note = <ErrorNote error={query.error} pending={query.isFetching} onRetry={() => query.refetch()} />;
    return framed ? <Card>{note}</Card> : note;
  }
  return (
    <div role="status" aria-label={`Loading ${name}`}>
      {loading}
    </div>
  );
}

interface ErrorNoteProps {
  error: unknown;
  pending?: boolean;
  onRetry: () => void;
}

export function ErrorNote({ error, pending, onRetry }: ErrorNoteProps) {
  return (
    <div role="alert" className="flex flex-wrap items-center justify-between gap-3 px-5 py-5 sm:px-6">
      <p className="text-sm text-bad">{describeError(error)}</p>
      <Button variant="secondary" size="sm" pending={pending} onClick={onRetry}>
        {!pending && <RotateCw aria-hidden />}
        Retry
      </Button>
    </div>
  );
}

interface EmptyNoteProps {
  title: string;
  children: ReactNode;
  action?: ReactNode;
}

export function EmptyNote({ title, children, action }: EmptyNoteProps) {
  return (
    <div className="flex flex-col items-center px-6 py-10 text-center">
      <p className="text-sm font-medium">{title}</p>
      <p className="mt-1 max-w-sm text-sm text-pretty text-muted">{children}</p>
      {action && <div className="mt-4">{action}</div>}
    </div>
  );
}
