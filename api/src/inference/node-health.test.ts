import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Breaker } from "./breaker.ts";
import { NodeHealth } from "./node-health.ts";

describe("Breaker", () => {
  const opened = () => {
    const breaker = new Breaker();
    for (let n = 0; n < 5; n++) breaker.failed(0);
    return breaker;
  };

  test("default: five failures in a row open it, four do not, nor five with a success between", () => {
    const breaker = new Breaker();
    for (let round = 0; round < 2; round++) {
      breaker.succeeded();
      for (let n = 0; n < 4; n++) breaker.failed(0);
    }
    expect(breaker.isOpen).toBe(false);
    breaker.failed(0);
    expect(breaker.isOpen).toBe(true);
    expect(breaker.admit(9_999)).toBe(false);
  });

  test("behavior: after the pause a single request probes; its success closes, its failure doubles the pause", () => {
    const breaker = opened();
    expect([breaker.admit(10_000), breaker.admit(10_000)]).toEqual([true, false]);
    breaker.failed(10_000);
    expect([breaker.admit(29_999), breaker.admit(30_000)]).toEqual([false, true]);
    breaker.succeeded();
    expect([breaker.isOpen, breaker.admit(30_000), breaker.admit(30_000)]).toEqual([false, true, true]);
  });

  test("behavior: a probe that says nothing leaves the place to the next", () => {
    const breaker = opened();
    expect(breaker.admit(10_000)).toBe(true);
    breaker.undecided();
    expect(breaker.admit(10_000)).toBe(true);
  });

  test("behavior: whatever happens, it lets somebody through within the longest pause", () => {
    const event = fc.constantFrom("admit", "succeeded", "failed", "undecided");
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(400_000)), { maxLength: 60 }), (events) => {
        const breaker = new Breaker();
        let now = 0;
        for (const [name, pause] of events) {
          now += pause;
          if (name === "succeeded") breaker.succeeded();
          else if (name === "failed") breaker.failed(now);
          else if (name === "undecided") breaker.undecided();
          else breaker.admit(now);
        }
        breaker.undecided();
        expect(breaker.isPassable(now + 300_000)).toBe(true);
      }),
    );
  });
});

describe("NodeHealth", () => {
  const clocked = () => {
    const clock = { now: 0 };
    return { clock, health: new NodeHealth(() => clock.now) };
  };

  test("default: latency, first token and throughput of what succeeded", () => {
    const { clock, health } = clocked();
    const call = health.begin("a");
    expect(health.inFlight("a")).toBe(1);
    clock.now = 200;
    call.firstToken();
    clock.now = 1_200;
    call.firstToken();
    call.succeeded(50);
    call.failed();
    expect(health.of("a")).toMatchObject({
      latencyMs: 1_200,
      firstTokenMs: 200,
      tokensPerSecond: 50,
      errorRate: 0,
      inFlight: 0,
      isOpen: false,
    });
    expect(health.of("stranger")).toMatchObject({ latencyMs: null, isPassable: true });
  });

  test("behavior: failures raise the error rate, successes let it fade, leaving clients change nothing", () => {
    const { health } = clocked();
    for (let n = 0; n < 4; n++) health.begin("a").failed();
    const { errorRate } = health.of("a");
    expect(errorRate).toBeGreaterThan(0.15);
    health.begin("a").left();
    expect(health.of("a").errorRate).toBe(errorRate);
    health.begin("a").succeeded(1);
    expect(health.of("a").errorRate).toBeLessThan(errorRate);
  });

  test("behavior: a probe that begins to answer closes the breaker, however long it goes on", () => {
    const { clock, health } = clocked();
    for (let n = 0; n < 5; n++) health.begin("a").failed();
    expect([health.of("a").isOpen, health.admit("a")]).toEqual([true, false]);
    clock.now = 10_000;
    expect(health.admit("a")).toBe(true);
    health.begin("a").firstToken();
    expect([health.of("a").isOpen, health.admit("a")]).toEqual([false, true]);
  });

  test("behavior: what is taken is counted once, and what could not be written comes again", () => {
    const { clock, health } = clocked();
    health.begin("a").failed();
    const call = health.begin("a");
    clock.now = 30;
    call.succeeded(0);
    health.noteRecount("a", { reported: 130, counted: 100, isOver: true });
    health.noteOverrun("a");
    const taken = health.takeCounts();
    expect(taken).toMatchObject([
      {
        nodeId: "a",
        requests: 2,
        failures: 1,
        latencyMs: 30,
        recounts: 1,
        overReports: 1,
        reportedTokens: 130,
        overruns: 1,
      },
    ]);
    expect(health.takeCounts()).toEqual([]);
    health.giveBack(taken);
    expect(health.takeCounts()).toEqual(taken);
  });
});
