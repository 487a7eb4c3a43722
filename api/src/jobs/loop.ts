import type { Logger } from "pino";

/** Something done again and again until the process stops. */
export type Job = {
  name: string;
  everyMs: number;
  run: () => Promise<unknown>;
  /**
   * The job that takes up the rows this one leaves. After a round that returned true it looks for them at once; that it
   * finds them at all does not depend on it.
   */
  wakes?: string;
};

export type Loop = {
  /** The next round begins at once, or right after the one under way. After a failure it waits its time all the same. */
  wake: () => void;
  /** Waits for the round under way. */
  stop: () => Promise<void>;
};

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

/** Runs jobs side by side, see {@link startLoop}. @returns a function that stops them all */
export function startLoops(jobs: Job[], logger: Pick<Logger, "error">): () => Promise<void> {
  const loops = new Map<string, Loop>();
  for (const job of jobs) {
    if (job.wakes && !jobs.some(({ name }) => name === job.wakes)) throw new Error(`there is no job "${job.wakes}"`);
    const run = async () => {
      if ((await job.run()) === true && job.wakes) loops.get(job.wakes)?.wake();
    };
    loops.set(job.name, startLoop({ ...job, run }, logger));
  }
  return async () => {
    await Promise.all([...loops.values()].map(({ stop }) => stop()));
  };
}

/** Runs a job in rounds, never two at once, pausing longer after each failure in a row. */
export function startLoop({ name, everyMs, run }: Job, logger: Pick<Logger, "error">): Loop {
  let failures = 0;
  const stopping = new AbortController();
  let isWoken = false;
  let endPause = () => {};
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const running = (async () => {
    while (!stopping.signal.aborted) {
      isWoken = false;
      try {
        await run();
        failures = 0;
      } catch (error) {
        failures += 1;
        logger.error({ err: error, job: name, failures }, `${name} failed, trying again`);
      }
      if (stopping.signal.aborted || (isWoken && failures === 0)) continue;
      await pause(Math.min(everyMs * 2 ** Math.min(failures, 10), Math.max(everyMs, MAX_PAUSE_MS)));
    }
  })();
  return {
    wake: () => {
      isWoken = true;
      if (failures === 0) endPause();
    },
    stop: async () => {
      stopping.abort();
      endPause();
      await running;
    },
  };
}
