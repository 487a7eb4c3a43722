import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openChanges, type Topic } from "./changes.ts";
import { readUntil } from "./read-until.ts";

let tell: (topic: Topic) => void;
let close: () => void;

beforeEach(() => {
  class Source extends EventTarget {
    static readonly CLOSED = 2;
    close = () => undefined;
    constructor() {
      super();
      tell = (data) => this.dispatchEvent(new MessageEvent("change", { data }));
    }
  }
  vi.stubGlobal("EventSource", Source);
  vi.stubGlobal("window", { sessionStorage: { getItem: () => null } });
  close = openChanges();
});
afterEach(() => {
  close();
  vi.unstubAllGlobals();
});

describe("readUntil", () => {
  test("default: reads again when what it waits for may have changed, and only then", async () => {
    const values = [1, 2, 3];
    const read = vi.fn(async () => values.shift() ?? 3);
    const answer = readUntil({ read, isDone: (value) => value === 3, topics: ["moves"], withinMs: 5_000 });
    await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(1));
    tell("usage");
    tell("moves");
    await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(2));
    tell("*");
    expect(await answer).toBe(3);
    expect(read).toHaveBeenCalledTimes(3);
  });

  test("behavior: what changes while it reads counts", async () => {
    let round = 0;
    const read = async () => {
      round += 1;
      tell("moves");
      return round;
    };
    expect(await readUntil({ read, isDone: (value) => value === 2, topics: ["moves"], withinMs: 5_000 })).toBe(2);
  });

  test("behavior: null when it takes too long", async () => {
    expect(await readUntil({ read: async () => 0, isDone: () => false, topics: [], withinMs: 10 })).toBeNull();
  });
});
