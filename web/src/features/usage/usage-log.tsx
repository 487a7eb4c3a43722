import { useEffect, useRef, useState } from "react";
import type { UsageRow } from "../../lib/api.ts";
import { RequestSheet } from "./request-sheet.tsx";
import { UsageRows } from "./usage-table.tsx";
import { useVisibleRows } from "./use-visible-rows.ts";

/** Rows from the end at which the next page is asked for. */
const AHEAD = 30;

interface UsageLogProps {
  rows: UsageRow[];
  hasMore: boolean;
  onMore: () => void;
}

/** The whole log, however long: only what can be seen is drawn, and more is loaded before its end is. */
export function UsageLog({ rows, hasMore, onMore }: UsageLogProps) {
  const [open, setOpen] = useState<UsageRow | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const { first, end, rowPx } = useVisibleRows(frame, rows.length);
  const isNearEnd = end >= rows.length - AHEAD;
  useEffect(() => {
    if (isNearEnd && hasMore) onMore();
  }, [isNearEnd, hasMore, onMore]);

  return (
    <div ref={frame}>
      <UsageRows
        label="Usage"
        rows={rows.slice(first, end)}
        onOpen={setOpen}
        part={{
          firstIndex: first,
          total: hasMore ? -1 : rows.length,
          beforePx: first * rowPx,
          afterPx: (rows.length - end) * rowPx,
        }}
      />
      <RequestSheet row={open} onClose={() => setOpen(null)} />
    </div>
  );
}
