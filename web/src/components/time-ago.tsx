import { useSyncExternalStore } from "react";
import { displayExactTime, displayTime } from "../lib/format.ts";

const TICK_MS = 10_000;
let nowMs = Date.now();

/** One clock for all times on the page. */
function subscribe(onTick: () => void): () => void {
  nowMs = Date.now();
  const timer = setInterval(() => {
    nowMs = Date.now();
    onTick();
  }, TICK_MS);
  return () => clearInterval(timer);
}

/** A relative time with the exact one on hover. */
export function TimeAgo({ iso }: { iso: string }) {
  const now = useSyncExternalStore(subscribe, () => nowMs);
  return (
    <time dateTime={iso} title={displayExactTime(iso)} className="whitespace-nowrap tabular-nums">
      {displayTime(iso, now)}
    </time>
  );
}
