import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { limited } from "./loop.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("limited", () => {
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
