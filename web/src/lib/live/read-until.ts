import { hearChanges, type Topic } from "./changes.ts";

interface Wanted<T> {
  read: () => Promise<T>;
  isDone: (value: T) => boolean;
  /** What may bring it about. */
  topics: readonly Topic[];
  withinMs: number;
}

/** Reads at once, and anew whenever something may have changed, until it is as wanted; null if that takes too long. */
export async function readUntil<T>({ read, isDone, topics, withinMs }: Wanted<T>): Promise<T | null> {
  const deadline = AbortSignal.timeout(withinMs);
  while (!deadline.aborted) {
    // Before reading: what changes meanwhile counts.
    const changed = nextChange(topics, deadline);
    const value = await read();
    if (isDone(value)) return value;
    await changed;
  }
  return null;
}

function nextChange(topics: readonly Topic[], deadline: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      stop();
      deadline.removeEventListener("abort", end);
      resolve();
    };
    const stop = hearChanges((topic) => {
      if (topic === "*" || topics.includes(topic)) end();
    });
    deadline.addEventListener("abort", end);
  });
}
