import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface StreamPlan {
  frames: Iterable<{ frame: string; isContent: boolean }>;
  delayMs: number;
  /** Content frames after which the connection is cut. */
  drop?: number | undefined;
  /** Content frames after which an event comes that is not JSON. */
  garbage?: number | undefined;
}

/** Writes server-sent events with back-pressure, and stops as soon as the client is gone. */
export async function sendStream(
  response: ServerResponse,
  { frames, delayMs, drop, garbage }: StreamPlan,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  let sent = 0;
  for (const { frame, isContent } of frames) {
    if (isContent && sent === drop) return cut(response);
    if (isContent && sent === garbage) response.write("data: {not json\n\n");
    if (isContent) sent += 1;
    if (gone.signal.aborted) return;
    const hasRoom = response.write(frame);
    try {
      if (!hasRoom) await once(response, "drain", { signal: gone.signal });
      if (isContent && delayMs > 0) await sleep(delayMs, undefined, { signal: gone.signal });
    } catch {
      return;
    }
  }
  response.end();
}

/** Ends the connection in the middle of the body, after what was written has gone out. */
export function cut(response: ServerResponse): void {
  response.flushHeaders();
  response.write("", () => response.destroy());
}
