import { setTimeout as sleep } from "node:timers/promises";
import { creditEscrowAbi } from "@infr/contracts/abi";
import { storedDigest } from "@infr/protocol";
import type { Hex } from "viem";
import { RpcError } from "../../scripts/anvil.ts";
import { ConditionTimeoutError, waitFor } from "../../scripts/process.ts";
import { random } from "../random.ts";
import { checkBooks, settleAll } from "./books.ts";
import { COMPANIONS, COSIGNER_FAULTS, FAULTS, type Fault, HANGING, LARGE, type Stage } from "./faults.ts";
import { readProcessors, slowdown } from "./processors.ts";
import { SETTINGS, startWorld, type World } from "./world.ts";

/**
 * After all is well again, a capture that could be settled is, within so long: a loop that failed pauses for 10 s at most,
 * and each step of a batch takes one round of it. (With the settings of this suite; see the README of `flow/settle`.)
 */
const STUCK_MS = 25_000;
/**
 * What never gets an answer waits until its round is given up; and thousands of captures may be computed for as long, by the
 * builder and by the co-signer: five rounds' limit.
 */
const LONG_ROUND_MS = 5 * Number(SETTINGS.ROUND_LIMIT_MS);
const WATCH_MS = 300;
const CAPTURES = { from: 1, to: 12 };
/** More than one statement claims. */
const MANY_CAPTURES = 5_200;
/** Keeps the dice of two seeds apart. */
const SPREAD = 100_003;
/** How many batches get two faults at once. */
const DOUBLE = 0.3;
/** Up to 5 cents, or less than a hundredth if they are many: the contract's day limit is $200. */
const MOST_NANO = { few: 50_000_000, many: 50_000 };

export type Figures = {
  seed: number;
  /** How often something bad happened to a batch on its way, by what it was; two things may happen to one. */
  faults: Record<string, number>;
  /** Batches that something bad happened to. */
  faulted: number;
  /** Faults that came too late for anything to hit. */
  missed: number;
  captures: number;
  /** As of the last check: batches that are settled, and those given up or undone. */
  batches: { settled: number; voided: number };
  /** How long it took, after all was well, until everything was settled. */
  healMs: { median: number; p99: number; most: number };
  seconds: number;
  /** What must not be; empty. */
  wrong: string[];
};

export type CampaignOptions = {
  /** How many batches get a fault. */
  batches: number;
  seed: number;
  /** The books are compared with the contract after so many, and at the end. */
  checkEvery: number;
  /** Names of faults, if not all are to happen. */
  only: readonly string[];
  /** The contract wants a second signature, of somebody who computes every batch again. */
  hasCoSigner: boolean;
  say: (line: string) => void;
};

/**
 * Captures usage, lets something bad happen while it is batched and settled, and waits until it is settled all the same:
 * captured = batched = settled = earned to the last unit, nothing twice, nothing stuck.
 */
export async function runCampaign(options: CampaignOptions): Promise<Figures> {
  const { batches, seed, checkEvery, only, hasCoSigner, say } = options;
  const startedAt = Date.now();
  const world = await startWorld({ hasCoSigner });
  const watch = keepAlive(world);
  const next = random(seed);
  const kinds = only.length > 0 ? only : [...Object.keys(FAULTS), ...(hasCoSigner ? Object.keys(COSIGNER_FAULTS) : [])];
  const told = new Map<string, bigint>();
  const heals: number[] = [];
  const figures: Figures = {
    seed,
    faults: {},
    faulted: 0,
    missed: 0,
    captures: 0,
    batches: { settled: 0, voided: 0 },
    healMs: { median: 0, p99: 0, most: 0 },
    seconds: 0,
    wrong: [],
  };
  let deck: string[] = [];
  try {
    for (let rounds = 1; figures.faulted < batches && figures.wrong.length === 0; rounds++) {
      if (deck.length === 0) deck = shuffled(kinds, next);
      const name = deck.pop() as string;
      const isDouble = only.length === 0 && next() < DOUBLE && !LARGE.has(name);
      const second = diceOf(next).pick(COMPANIONS);
      const names = isDouble ? [name, second] : [name];
      // Everybody has dice of his own: what happens at the same time does not mix their throws.
      const faults = names.map((one, n) => ({
        name: one,
        stage: { world, ...diceOf(random(seed * SPREAD + rounds * 4 + n)) },
      }));
      await oneBatch(world, { faults, dice: diceOf(next), told, heals, figures });
      if (rounds % checkEvery === 0 || figures.faulted === batches) {
        figures.wrong.push(...(await check(world, { told, figures })));
        say(progress(figures, startedAt));
      }
    }
    return finished(figures, { heals, startedAt, told });
  } finally {
    await watch.stop();
    await world.stop();
  }
}

type Dice = Pick<Stage, "between" | "pick">;

const diceOf = (next: () => number): Dice => ({
  between: (from, to) => from + next() * (to - from),
  pick: (list) => list[Math.floor(next() * list.length)] as (typeof list)[number],
});

type Round = {
  faults: Array<{ name: string; stage: Stage }>;
  dice: Dice;
  told: Map<string, bigint>;
  heals: number[];
  figures: Figures;
};

async function oneBatch(world: World, { faults, dice, told, heals, figures }: Round): Promise<void> {
  const capturing = faults.some(({ name }) => LARGE.has(name))
    ? captureMany(world, { dice, told })
    : captureFew(world, { dice, told });
  const [hits] = await Promise.all([Promise.all(faults.map(runFault)), capturing]);
  const since = Date.now();
  const names = faults.map(({ name }) => name);
  const isLong = names.some((name) => LARGE.has(name) || HANGING.has(name));
  if (!(await settles(world, STUCK_MS + (isLong ? LONG_ROUND_MS : 0)))) {
    const what = names.map((name) => `"${name}"`).join(" with ");
    const waited = `Waited ${(Date.now() - since) / 1_000} s for settlement after ${what} in vain`;
    figures.wrong.push(`${waited} (batch ${figures.faulted + 1}): ${await whereStuck(world)}`);
  }
  heals.push(Date.now() - since);
  for (const [n, { name }] of faults.entries()) if (hits[n]) figures.faults[name] = (figures.faults[name] ?? 0) + 1;
  if (hits.some(Boolean)) figures.faulted += 1;
  else figures.missed += 1;
}

type Capturing = { dice: Dice; told: Map<string, bigint> };

async function captureFew(world: World, { dice: { between, pick }, told }: Capturing): Promise<void> {
  const usages = Array.from({ length: Math.floor(between(CAPTURES.from, CAPTURES.to)) }, () => ({
    accountId: pick(world.buyers).accountId,
    operatorId: pick(world.operators).accountId,
    nano: BigInt(Math.floor(between(1, MOST_NANO.few))),
  }));
  await sleep(between(0, 200));
  for (const usage of usages) told.set(await world.capture(usage), usage.nano);
}

/** So many of one account that several slices make a batch; nobody builds before all are there. */
async function captureMany(world: World, { dice: { between, pick }, told }: Capturing): Promise<void> {
  const { accountId } = pick(world.buyers);
  const operatorId = pick(world.operators).accountId;
  const usages = Array.from({ length: MANY_CAPTURES }, () => BigInt(Math.floor(between(1, MOST_NANO.many))));
  for (const { part } of world.workers) part.freeze();
  try {
    await Promise.all(usages.map(async (nano) => told.set(await world.capture({ accountId, operatorId, nano }), nano)));
  } finally {
    for (const { part } of world.workers) part.thaw();
  }
}

/** Whether all is settled within a time; time in which this machine had no processor for it does not count. */
async function settles(world: World, withinMs: number): Promise<boolean> {
  const [since, before] = [Date.now(), readProcessors()];
  for (let allowedMs = withinMs; Date.now() - since < allowedMs; allowedMs = withinMs * slowdown(before)) {
    try {
      const timeoutMs = allowedMs - (Date.now() - since);
      await waitFor({ what: "settlement", timeoutMs, everyMs: 30, check: () => isSettled(world) });
      return true;
    } catch (error) {
      if (!(error instanceof ConditionTimeoutError)) throw error;
    }
  }
  return false;
}

/** A node that is being restarted, or has forgotten what was before, can't do what is asked of it: then nothing has happened. */
async function runFault({ name, stage }: { name: string; stage: Stage }): Promise<boolean> {
  const fault: Fault | undefined = FAULTS[name] ?? COSIGNER_FAULTS[name];
  if (!fault) throw new Error(`There is no fault "${name}". Run with --help to see their names.`);
  try {
    return await fault(stage);
  } catch (error) {
    if (error instanceof RpcError || (error instanceof TypeError && error.message === "fetch failed")) return false;
    throw error;
  }
}

/**
 * All that was captured is in batches that are settled, but for what is less than a micro-dollar, and the newest of them is
 * the contract's newest.
 */
async function isSettled({ sql, view, contracts }: World): Promise<boolean> {
  const [open] = await sql`
    select 1 from usage where batch_id is null
    union all
    select 1 from batches where state in ('built', 'signed', 'submitted')
    limit 1`;
  if (open) return false;
  const [newest] = await sql<Array<{ digest: Hex }>>`
    select digest from batches where state in ('mined', 'final') order by seq desc limit 1`;
  const [, last] = await view.client.readContract({
    address: contracts.escrow,
    abi: creditEscrowAbi,
    functionName: "nextBatch",
  });
  return newest !== undefined && storedDigest(newest.digest) === last;
}

async function whereStuck({ sql, view, contracts }: World): Promise<string> {
  const batches = await sql`
    select b.batch_id, b.seq, b.state, (now() - b.built_at)::text as built, t.state as transaction, t.nonce, t.error,
      t.failures, (now() - t.created_at)::text as queued, (now() - t.updated_at)::text as changed, t.mined_hash,
      t.block_number, t.block_hash
    from batches b
    left join transactions t using (transaction_id) order by batch_id desc limit 3`;
  const sessions = await sql`
    select a.usename, a.state, a.wait_event, left(a.query, 100) as query, (now() - a.state_change)::text as since,
      (select array_agg(concat_ws(' ', l.locktype, l.mode, l.classid, l.objid, l.granted))
        from pg_locks l where l.pid = a.pid and l.locktype = 'advisory') as locks
    from pg_stat_activity a where a.usename like 'worker%' and (a.state <> 'idle' or a.pid in (select pid from pg_locks))`;
  const [open] = await sql`select count(*) as captures from usage where batch_id is null`;
  const [seq] = await view.client.readContract({
    address: contracts.escrow,
    abi: creditEscrowAbi,
    functionName: "nextBatch",
  });
  const found = { batches, sessions, open, nextSeq: seq, events: await newestEvents({ sql, view }) };
  return JSON.stringify(found, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}

/** The newest settlements in the books, and whether the chain has them: by its blocks and by its receipts. */
async function newestEvents({ sql, view }: Pick<World, "sql" | "view">) {
  const events = await sql<Array<{ block_number: bigint; transaction_hash: Hex }>>`
    select event_id, block_number, transaction_hash, finality, times_booked, (now() - booked_at)::text as booked,
      (now() - reversed_at)::text as reversed
    from chain_events where kind = 'batch_settled' order by booked_at desc limit 3`;
  const orNone = (error: unknown) => ({ none: error instanceof Error ? error.name : "" });
  return Promise.all(
    events.map(async (event) => {
      const block = await view.client.getBlock({ blockNumber: event.block_number }).catch(orNone);
      const receipt = await view.client.getTransactionReceipt({ hash: event.transaction_hash }).catch(orNone);
      return {
        ...event,
        chainHasBlock: "hash" in block ? block.hash : block,
        receipt: "status" in receipt ? { status: receipt.status, block: receipt.blockHash } : receipt,
      };
    }),
  );
}

async function check(
  world: World,
  { told, figures }: { told: ReadonlyMap<string, bigint>; figures: Figures },
): Promise<string[]> {
  try {
    await settleAll(world);
  } catch (error) {
    return [`${String(error)} ${await whereStuck(world)}`];
  }
  const { wrong, settled, voided } = await checkBooks(world, told);
  figures.batches = { settled, voided };
  return wrong;
}

function shuffled(names: readonly string[], next: () => number): string[] {
  const deck = [...names];
  for (let i = deck.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [deck[i], deck[j]] = [deck[j] as string, deck[i] as string];
  }
  return deck;
}

/** A worker that finds no database at its start ends, or one that waits for too long: a supervisor starts it again. */
function keepAlive({ workers }: World): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      for (const { part } of workers) if (!part.running) await part.killAndRestart();
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

const progress = ({ seed, faulted, missed, batches, wrong }: Figures, startedAt: number): string =>
  `seed ${seed}, ${Math.round((Date.now() - startedAt) / 1000)} s: ${faulted} faulted, ${missed} missed, ${batches.settled} batches settled, ` +
  `${batches.voided} given up or undone, ${wrong.length} wrong`;

function finished(
  figures: Figures,
  { heals, startedAt, told }: { heals: number[]; startedAt: number; told: ReadonlyMap<string, bigint> },
): Figures {
  const sorted = heals.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  figures.healMs = { median: at(0.5), p99: at(0.99), most: at(1) };
  figures.captures = told.size;
  figures.seconds = Math.round((Date.now() - startedAt) / 1000);
  return figures;
}
