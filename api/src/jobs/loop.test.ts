import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { limited, startLoop, startLoops } from "./loop.ts";

const HOUR_MS = 3_600_000;
const silent = { error: () => {} };

/** A job whose rounds a test lets go one by one. */
function scripted(answers: unknown[]) {
  const rounds = answers.map(() => ({ begun: Promise.withResolvers<void>(), goOn: Promise.withResolvers<void>() }));
  let at = 0;
  const run = async (): Promise<unknown> => {
    const [round, answer] = [rounds[at], answers[at]];
    at += 1;
    round?.begun.resolve();
    await round?.goOn.promise;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { run, rounds };
}

describe("startLoop", () => {
  test("behavior: a job that was woken begins at once, and one that was woken in the middle of a round has another", async () => {
    const { run, rounds } = scripted([null, null, null]);
    const loop = startLoop({ name: "job", everyMs: HOUR_MS, run }, silent);
    await rounds[0]?.begun.promise;
    loop.wake();
    rounds[0]?.goOn.resolve();
    await rounds[1]?.begun.promise;
    rounds[1]?.goOn.resolve();
    await new Promise(setImmediate); // the pause has begun
    loop.wake();
    await rounds[2]?.begun.promise;
    rounds[2]?.goOn.resolve();
    await loop.stop();
  });

  test("behavior: one that fails waits longer each time, however often it is woken", async () => {
    const { run, rounds } = scripted([new Error("down"), null]);
    const failed: number[] = [];
    const logger = { error: (facts: { failures: number }) => void failed.push(facts.failures) };
    const loop = startLoop({ name: "job", everyMs: HOUR_MS, run }, logger as never);
    await rounds[0]?.begun.promise;
    loop.wake();
    rounds[0]?.goOn.resolve();
    await new Promise(setImmediate);
    loop.wake();
    await new Promise(setImmediate);
    const begun = await Promise.race([rounds[1]?.begun.promise.then(() => true), Promise.resolve(false)]);
    expect([begun, failed]).toEqual([false, [1]]);
    await loop.stop();
  });

  test("behavior: stopping ends the pause and waits for the round", async () => {
    const { run, rounds } = scripted([null]);
    const loop = startLoop({ name: "job", everyMs: HOUR_MS, run }, silent);
    await rounds[0]?.begun.promise;
    let isStopped = false;
    const stopped = (async () => {
      await loop.stop();
      isStopped = true;
    })();
    await new Promise(setImmediate);
    expect(isStopped).toBe(false);
    rounds[0]?.goOn.resolve();
    await stopped;
  });
});

describe("startLoops", () => {
  test("default: a round that returns true wakes the next job, one that returns anything else does not", async () => {
    const first = scripted([1, true]);
    const second = scripted([null, null]);
    const stop = startLoops(
      [
        { name: "first", everyMs: 1, run: first.run, wakes: "second" },
        { name: "second", everyMs: HOUR_MS, run: second.run },
      ],
      silent,
    );
    second.rounds[0]?.goOn.resolve();
    first.rounds[0]?.goOn.resolve();
    await first.rounds[1]?.begun.promise;
    const begun = () => Promise.race([second.rounds[1]?.begun.promise.then(() => true), Promise.resolve(false)]);
    expect(await begun()).toBe(false);
    first.rounds[1]?.goOn.resolve();
    await second.rounds[1]?.begun.promise;
    second.rounds[1]?.goOn.resolve();
    await stop();
  });
});

describe("limited", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const jobOf = (run: () => Promise<unknown>) => {
    const onOverrun = vi.fn();
    return { onOverrun, job: limited({ name: "job", everyMs: 1, run }, { limitMs: 1_000, onOverrun }) };
  };

  test("default: a round that waits for an answer that never comes is told of once its time is over", () => {
    const { job, onOverrun } = jobOf(() => new Promise(() => {}));
    void job.run();
    vi.advanceTimersByTime(999);
    expect(onOverrun).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onOverrun).toHaveBeenCalledOnce();
  });

  test("behavior: one that comes to an end, whichever, is not", async () => {
    const well = jobOf(async () => 7);
    expect(await well.job.run()).toBe(7);
    const badly = jobOf(() => Promise.reject(new RangeError("it failed")));
    await expect(badly.job.run()).rejects.toThrow(RangeError);
    vi.advanceTimersByTime(10_000);
    expect(well.onOverrun).not.toHaveBeenCalled();
    expect(badly.onOverrun).not.toHaveBeenCalled();
  });
});
