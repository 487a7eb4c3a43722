import { useEffect, useState } from "react";

const TICK_MS = 100;

/** How long it took, or has taken so far. A clock in the page: it asks nobody. */
export function Elapsed({ startedMs, endedMs }: { startedMs: number; endedMs: number | null }) {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (endedMs !== null) return;
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [endedMs]);
  const seconds = Math.max(0, (endedMs ?? nowMs) - startedMs) / 1_000;
  return <span aria-hidden={endedMs === null}>{seconds.toFixed(1)} s</span>;
}
