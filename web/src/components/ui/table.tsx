import type { ComponentProps } from "react";
import { cn } from "../../lib/cn.ts";

/** Scrolls sideways on its own where it must, so that the page never does: `relative` holds what only readers hear. */
export function Table({ className, ...props }: ComponentProps<"table">) {
  return (
    <div className="relative overflow-x-auto">
      <table className={cn("w-full border-collapse text-sm", className)} {...props} />
    </div>
  );
}

export const Th = ({ className, ...props }: ComponentProps<"th">) => (
  <th
    scope="col"
    className={cn(
      "border-b px-3 py-2.5 text-left text-xs font-medium whitespace-nowrap text-muted first:pl-5 last:pr-5 sm:first:pl-6 sm:last:pr-6",
      className,
    )}
    {...props}
  />
);

export const Td = ({ className, ...props }: ComponentProps<"td">) => (
  <td
    className={cn(
      "border-b px-3 py-3 align-middle group-last/row:border-b-0 first:pl-5 last:pr-5 sm:first:pl-6 sm:last:pr-6",
      className,
    )}
    {...props}
  />
);

export const Row = ({ className, ...props }: ComponentProps<"tr">) => (
  <tr className={cn("group/row", className)} {...props} />
);
