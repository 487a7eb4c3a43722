import { Breaker } from "./breaker.ts";

/** How much the newest of the averaged values counts. */
const WEIGHT = 0.1;
const ERROR_WEIGHT = 0.05;

/** What routing knows of a node; null: nothing yet. */
export type Health = {
  isOpen: boolean;
  isPassable: boolean;
  /** Failures among the last requests or so, 0 to 1. */
  errorRate: number;
  latencyMs: number | null;
  firstTokenMs: number | null;
  tokensPerSecond: number | null;
  inFlight: number;
};

/** What happened at a node since it was last written down. Sums: averages are for those who read them. */
export type HealthCounts = {
  requests: number;
  failures: number;
  latencyMs: number;
  firstTokens: number;
  firstTokenMs: number;
  tokens: number;
  tokensMs: number;
  /** Requests whose report was recounted, those above tolerance among them, and both sums of tokens. */
  recounts: number;
  overReports: number;
  reportedTokens: number;
  countedTokens: number;
  /** Answers that went on beyond their limit. */
  overruns: number;
};

/** One request at a node. Exactly the first of its ends counts. */
export type NodeCall = {
  /** The node sent the first text of an answer. */
  firstToken: () => void;
  /** It answered in full, with so many completion tokens. */
  succeeded: (tokens: number) => void;
  failed: () => void;
  /** It ended for reasons that are not the node's. */
  left: () => void;
};

/** What a node said it used, next to what we counted. */
export type Recount = { reported: number; counted: number; isOver: boolean };

/** A node's health as this process saw it: in memory, so that no request waits for it. */
export class NodeHealth {
  readonly #now: () => number;
  readonly #nodes = new Map<string, NodeRecord>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Requests that a node is serving for this process. */
  inFlight = (nodeId: string): number => this.#nodes.get(nodeId)?.inFlight ?? 0;

  of(nodeId: string): Health {
    return (this.#nodes.get(nodeId) ?? new NodeRecord()).health(this.#now());
  }

  /** Whether a node may be asked now. `begin` has to follow. */
  admit(nodeId: string): boolean {
    return this.#record(nodeId).breaker.admit(this.#now());
  }

  begin(nodeId: string): NodeCall {
    return this.#record(nodeId).begin(this.#now);
  }

  noteRecount(nodeId: string, { reported, counted, isOver }: Recount): void {
    const { counts } = this.#record(nodeId);
    counts.recounts += 1;
    counts.overReports += Number(isOver);
    counts.reportedTokens += reported;
    counts.countedTokens += counted;
  }

  noteOverrun(nodeId: string): void {
    this.#record(nodeId).counts.overruns += 1;
  }

  /** Hands over what happened since the last time, to be written down; `giveBack` what could not be. */
  takeCounts(): Array<{ nodeId: string } & HealthCounts> {
    return [...this.#nodes]
      .map(([nodeId, record]) => ({ nodeId, ...record.takeCounts() }))
      .filter(({ requests, recounts, overruns }) => requests + recounts + overruns > 0);
  }

  giveBack(taken: Array<{ nodeId: string } & HealthCounts>): void {
    for (const { nodeId, ...counts } of taken) this.#record(nodeId).add(counts);
  }

  #record(nodeId: string): NodeRecord {
    const record = this.#nodes.get(nodeId) ?? new NodeRecord();
    this.#nodes.set(nodeId, record);
    return record;
  }
}

const noCounts = (): HealthCounts => ({
  requests: 0,
  failures: 0,
  latencyMs: 0,
  firstTokens: 0,
  firstTokenMs: 0,
  tokens: 0,
  tokensMs: 0,
  recounts: 0,
  overReports: 0,
  reportedTokens: 0,
  countedTokens: 0,
  overruns: 0,
});

class NodeRecord {
  readonly breaker = new Breaker();
  inFlight = 0;
  counts = noCounts();
  #errorRate = 0;
  #latencyMs: number | null = null;
  #firstTokenMs: number | null = null;
  #tokensPerSecond: number | null = null;

  health(now: number): Health {
    return {
      isOpen: this.breaker.isOpen,
      isPassable: this.breaker.isPassable(now),
      errorRate: this.#errorRate,
      latencyMs: this.#latencyMs,
      firstTokenMs: this.#firstTokenMs,
      tokensPerSecond: this.#tokensPerSecond,
      inFlight: this.inFlight,
    };
  }

  begin(now: () => number): NodeCall {
    const startedAt = now();
    let firstTokenAt: number | null = null;
    let isRunning = true;
    this.inFlight += 1;
    const end = (then: (endedAt: number) => void) => () => {
      if (!isRunning) return;
      isRunning = false;
      this.inFlight -= 1;
      then(now());
    };
    return {
      firstToken: () => {
        if (firstTokenAt !== null) return;
        firstTokenAt = now();
        // A probe may stream for minutes: that it answers is known by now.
        if (this.breaker.isOpen) this.breaker.succeeded();
        this.#noteFirstToken(firstTokenAt - startedAt);
      },
      succeeded: (tokens) =>
        end((at) => this.#succeeded({ tokens, ms: at - startedAt, tokensMs: at - (firstTokenAt ?? startedAt) }))(),
      failed: end((at) => this.#failed(at)),
      left: end(() => this.breaker.undecided()),
    };
  }

  takeCounts(): HealthCounts {
    const taken = this.counts;
    this.counts = noCounts();
    return taken;
  }

  add(counts: HealthCounts): void {
    for (const name of Object.keys(counts) as Array<keyof HealthCounts>) this.counts[name] += counts[name];
  }

  #noteFirstToken(ms: number): void {
    this.#firstTokenMs = average(this.#firstTokenMs, ms);
    this.counts.firstTokens += 1;
    this.counts.firstTokenMs += Math.round(ms);
  }

  #succeeded({ tokens, ms, tokensMs }: { tokens: number; ms: number; tokensMs: number }): void {
    this.breaker.succeeded();
    this.#errorRate *= 1 - ERROR_WEIGHT;
    this.#latencyMs = average(this.#latencyMs, ms);
    this.counts.requests += 1;
    this.counts.latencyMs += Math.round(ms);
    if (tokens === 0 || tokensMs <= 0) return;
    this.#tokensPerSecond = average(this.#tokensPerSecond, (tokens * 1_000) / tokensMs);
    this.counts.tokens += tokens;
    this.counts.tokensMs += Math.round(tokensMs);
  }

  #failed(at: number): void {
    this.breaker.failed(at);
    this.#errorRate += ERROR_WEIGHT * (1 - this.#errorRate);
    this.counts.requests += 1;
    this.counts.failures += 1;
  }
}

/** Exponentially weighted: old values fade, the first one stands alone. */
const average = (before: number | null, value: number): number =>
  before === null ? value : before + WEIGHT * (value - before);
