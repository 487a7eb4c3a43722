import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useRef, useState } from "react";
import type { UsageRow } from "../../lib/api.ts";
import { RequestSheet } from "./request-sheet.tsx";
import { UsageRows } from "./usage-table.tsx";

const ROW_PX = 49;
/** Rows that are drawn beyond what can be seen: more, and scrolling draws too much at once. */
const OVERSCAN = 8;
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
  // A new function would have the place of every row computed anew, at each drawing.
  const getItemKey = useCallback((index: number) => rows[index]?.id ?? index, [rows]);
  // The compiler does not memoize this component: positions come out of the virtualizer anew for each drawing.
  // oxlint-disable-next-line react/incompatible-library
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    scrollMargin: frame.current?.offsetTop ?? 0,
    getItemKey,
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0];
  const last = items.at(-1);
  const isNearEnd = (last?.index ?? 0) >= rows.length - AHEAD;
  useEffect(() => {
    if (isNearEnd && hasMore) onMore();
  }, [isNearEnd, hasMore, onMore]);

  return (
    <div ref={frame}>
      <UsageRows
        label="Usage"
        rows={items.flatMap(({ index }) => rows[index] ?? [])}
        onOpen={setOpen}
        part={{
          firstIndex: first?.index ?? 0,
          total: hasMore ? -1 : rows.length,
          beforePx: first ? first.start - virtualizer.options.scrollMargin : 0,
          afterPx: last ? virtualizer.getTotalSize() - (last.end - virtualizer.options.scrollMargin) : 0,
          measure: virtualizer.measureElement,
        }}
      />
      <RequestSheet row={open} onClose={() => setOpen(null)} />
    </div>
  );
}
