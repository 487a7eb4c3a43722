import { setTimeout as sleep } from "node:timers/promises";
import { parseUsd } from "@infr/money";
import { checkLedger } from "../../api/src/ledger/check-ledger.ts";
import { waitFor } from "../../scripts/process.ts";
import type { Part } from "../part.ts";
import { random } from "../random.ts";
import { startLoad, type Told } from "./load.ts";
import { startWorld, type World } from "./world.ts";

const VICTIMS = ["server 1", "server 2", "worker", "postgres"] as const;
type Victim = (typeof VICTIMS)[number];
/** After this long nothing that a process held may be held still. */
const ORPHAN_MS = 30_000;
const MAX_PAUSE_MS = 300;
const ANSWERS = 5;
/** A process whose connections hang after the database died ends with its lease, and is started again. */
const MAX_STALL_MS = 60_000;
const HEALTH_MS = 500;
const WATCH_MS = 200;

export type Figures = {
  seed: number;
  kills: Record<Victim, number>;
  answered: number;
  unanswered: number;
  billed: number;
  longestHoldMs: number;
  /** How long nobody was answered at most. */
  longestStallMs: number;
  /** What must not be; empty. */
  wrong: string[];
};

export type CampaignOptions = {
  kills: number;
  seed: number;
  /** The books are checked after so many kills, and at the end. */
  checkEvery: number;
  say: (line: string) => void;
};

/**
 * SIGKILL for servers, worker and PostgreSQL at random moments under load. Nothing that was answered is unbilled or billed
 * twice or at another price, the books add up, and nothing is held by the dead for longer than thirty seconds.
 */
export async function runCampaign({ kills, seed, checkEvery, say }: CampaignOptions): Promise<Figures> {
  const world = await startWorld();
  const told: Told = { costs: new Map(), unanswered: 0, conflicts: [] };
  const figures: Figures = {
    seed,
    kills: { "server 1": 0, "server 2": 0, worker: 0, postgres: 0 },
    answered: 0,
    unanswered: 0,
    billed: 0,
    longestHoldMs: 0,
    longestStallMs: 0,
    wrong: [],
  };
  const next = random(seed);
  const watch = keepAlive(world);
  try {
    for (let done = 0; done < kills && figures.wrong.length === 0; ) {
      const load = startLoad(world, { told, seed: seed + done });
      for (const last = Math.min(done + checkEvery, kills); done < last; done++) {
        await answersCome(told, figures);
        await sleep(next() * MAX_PAUSE_MS);
        const victim = await choose(world, next);
        await kill(world, victim);
        figures.kills[victim] += 1;
      }
      await load.stop();
      await check(world, { told, figures });
      say(
        `seed ${seed}, ${done} kills: ${figures.answered} answered, ${figures.billed} billed, ${figures.wrong.length} wrong`,
      );
    }
    return figures;
  } finally {
    await watch.stop();
    await world.stop();
  }
}

/** A kill amidst nothing would prove nothing: requests have been answered since the last one. */
async function answersCome({ costs }: Told, figures: Figures): Promise<void> {
  const before = costs.size;
  const since = Date.now();
  const check = () => costs.size >= before + ANSWERS;
  await waitFor({ what: "answers", timeoutMs: MAX_STALL_MS, everyMs: 10, check });
  figures.longestStallMs = Math.max(figures.longestStallMs, Date.now() - since);
}

/** One that is up. */
async function choose({ servers, worker }: World, next: () => number): Promise<Victim> {
  for (;;) {
    const victim = VICTIMS[Math.floor(next() * VICTIMS.length)] ?? "postgres";
    if (victim === "postgres") return victim;
    if (victim === "worker" && worker.running) return victim;
    const url = servers[victim === "server 1" ? 0 : 1]?.url;
    if (victim !== "worker" && (await isUp(url ?? ""))) return victim;
  }
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(HEALTH_MS) })).ok;
  } catch {
    return false;
  }
}

function kill({ servers, worker, postgres }: World, victim: Victim): Promise<void> {
  if (victim === "postgres") return postgres.killAndRestart();
  const part: Part | undefined = { "server 1": servers[0]?.part, "server 2": servers[1]?.part, worker }[victim];
  return part?.killAndRestart() ?? Promise.resolve();
}

/** A server that lost its lease ends itself, a worker that finds no database at its start too: they are started again. */
function keepAlive({ servers, worker }: World): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      for (const part of [...servers.map((server) => server.part), worker])
        if (!part.running) await part.killAndRestart();
      await sleep(WATCH_MS);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function check(world: World, { told, figures }: { told: Told; figures: Figures }): Promise<void> {
  const since = Date.now();
  try {
    await waitFor({
      what: "the holds of the dead to be released",
      timeoutMs: ORPHAN_MS,
      check: async () => (await world.sql`select from holds where instance_id is not null limit 1`).length === 0,
    });
  } catch {
    figures.wrong.push(`something is held ${ORPHAN_MS / 1000} s after the last kill`);
  }
  figures.longestHoldMs = Math.max(figures.longestHoldMs, Date.now() - since);
  const rows = await world.sql<Array<{ request_id: string; cost_nano: bigint }>>`
    select request_id, cost_nano from usage where account_id = ${world.buyer.account.id}`;
  const billed = Map.groupBy(rows, (row) => row.request_id);
  for (const [requestId, cost] of told.costs) {
    const [row, ...more] = billed.get(requestId) ?? [];
    if (!row) figures.wrong.push(`${requestId} was answered and not billed`);
    else if (row.cost_nano !== parseUsd(cost))
      figures.wrong.push(`${requestId} was answered with $${cost}, billed ${row.cost_nano}`);
    if (more.length > 0) figures.wrong.push(`${requestId} was billed ${more.length + 1} times`);
  }
  figures.wrong.push(...told.conflicts);
  for (const { what, counter, recomputed } of await checkLedger({ sql: world.sql, say: () => {} })) {
    figures.wrong.push(`${what}: ${counter}, recomputed ${recomputed}`);
  }
  figures.answered = told.costs.size;
  figures.unanswered = told.unanswered;
  figures.billed = rows.length;
}
