import { type RefObject, useEffect, useState } from "react";

/** Until one has been drawn. */
const USUAL_ROW_PX = 49;
/** Rows that are drawn beyond what can be seen: more, and scrolling draws too much at once. */
const BEYOND = 8;

export interface VisibleRows {
  first: number;
  /** The one after the last. */
  end: number;
  rowPx: number;
}

/**
 * Which rows of a long table can be seen as the page is scrolled, and some beyond. All rows have one height, that of the first
 * that is drawn: so nothing grows with the table's length, as it does where each row is measured.
 */
export function useVisibleRows(frame: RefObject<HTMLElement | null>, count: number): VisibleRows {
  const [seen, setSeen] = useState<VisibleRows>({ first: 0, end: 2 * BEYOND, rowPx: USUAL_ROW_PX });
  useEffect(() => {
    const look = () => {
      const row = frame.current?.querySelector<HTMLElement>("tr[aria-rowindex]");
      const rowPx = row?.offsetHeight || USUAL_ROW_PX;
      const topPx = frame.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-topPx / rowPx) - BEYOND);
      const end = Math.max(0, Math.ceil((window.innerHeight - topPx) / rowPx)) + BEYOND;
      setSeen((before) =>
        before.first === first && before.end === end && before.rowPx === rowPx ? before : { first, end, rowPx },
      );
    };
    // Tells of it at once, and whenever what stands above becomes higher or lower.
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    window.addEventListener("scroll", look, { passive: true });
    window.addEventListener("resize", look);
    return () => {
      observer.disconnect();
      window.removeEventListener("scroll", look);
      window.removeEventListener("resize", look);
    };
  }, [frame]);
  const end = Math.min(seen.end, count);
  return { first: Math.min(seen.first, Math.max(0, end - 2 * BEYOND)), end, rowPx: seen.rowPx };
}
