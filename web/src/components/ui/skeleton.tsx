import { cn } from "../../lib/cn.ts";

/** A grey shape where text will be, of the same size, so that nothing jumps. */
export const Skeleton = ({ className }: { className?: string }) => (
  <span aria-hidden className={cn("block h-4 animate-pulse rounded-md bg-sunken", className)} />
);
