import type { Logger } from "pino";

/** Something done again and again until the process stops. */
export type Job = { name: string; everyMs: number; run: () => Promise<unknown> };

const MAX_PAUSE_MS = 10_000;

/**
 * A job that calls `onOverrun` when a round of it takes longer than `limitMs`. What waits for an answer on a connection that
 * has gone silent waits for a quarter of an hour and more, and its job with it: there is nothing to do but to start anew.
 */
export function limited(job: Job, { limitMs, onOverrun }: { limitMs: number; onOverrun: () => void }): Job {
  const run = async () => {
    const timer = setTimeout(onOverrun, limitMs);
    try {
      return await job.run();
    } finally {
      clearTimeout(timer);
    }
  };
  return { ...job, run };
}

/**
 * Runs a job in rounds, never two at once, pausing longer after each failure in a row.
 * @returns a function that stops it and waits for the round under way
 */
export function startLoop({ name, everyMs, run }: Job, logger: Pick<Logger, "error">): () => Promise<void> {
  const stopping = new AbortController();
  const running = (async () => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        await run();
        failures = 0;
      } catch (error) {
        failures += 1;
        logger.error({ err: error, job: name, failures }, `${name} failed, trying again`);
      }
      await pause(Math.min(everyMs * 2 ** Math.min(failures, 10), Math.max(everyMs, MAX_PAUSE_MS)), stopping.signal);
    }
  })();
  return async () => {
    stopping.abort();
    await running;
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}
