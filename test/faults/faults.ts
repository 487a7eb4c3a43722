import { setTimeout as sleep } from "node:timers/promises";
import { creditEscrowAbi } from "@infr/contracts/abi";
import { PRIMARY_SALT } from "@infr/protocol";
import { type Abi, bytesToHex, createWalletClient, encodeFunctionData, type Hex, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { queueTransaction } from "../../api/src/chain/outbox-store.ts";
import { newId } from "../../api/src/ids.ts";
import { waitFor } from "../../scripts/process.ts";
import { SAFE_DEPTH, startLaggingNode } from "./chain.ts";
import { atPoint, POINTS, type Point } from "./points.ts";
import { badAnswers, calls, type FaultProxy, type Mode, type Verdict } from "./proxy.ts";
import { RELAYER, type World, write } from "./world.ts";

/** What a fault may use: the world, and dice whose throws depend on the seed alone. */
export type Stage = { world: World; between: (from: number, to: number) => number; pick: <T>(from: readonly T[]) => T };

/** Does something bad for a moment; all is well again when it resolves. @returns whether there was anything to hit */
export type Fault = (stage: Stage) => Promise<boolean>;

const relayer = privateKeyToAccount(RELAYER);
const GWEI = 1_000_000_000n;
const NORMAL_BASE_FEE = GWEI;
const MOMENT_MS = { from: 200, to: 700 };
const REACH_MS = 8_000;
const SETTLEMENT_GROUP = 2;

/** Both endpoints, or the first alone: then the workers have somewhere to turn. */
const someEndpoints = ({ world, pick }: Stage): readonly FaultProxy[] => pick([world.endpoints, [world.endpoints[0]]]);

/** Both workers' ways to the database, or one of them. */
const someDatabases = ({ world, pick }: Stage): readonly FaultProxy[] =>
  pick([world.databases, [world.databases[0]], [world.databases[1]]]);

const network =
  (mode: (stage: Stage) => Mode, some: (stage: Stage) => readonly FaultProxy[] = someEndpoints): Fault =>
  async (stage) => {
    const proxies = some(stage);
    const one = mode(stage);
    for (const proxy of proxies) proxy.setMode(one);
    await sleep(stage.between(MOMENT_MS.from, MOMENT_MS.to));
    for (const proxy of proxies) proxy.heal();
    return true;
  };

type Interception = {
  through: readonly FaultProxy[];
  isMeant: (request: string) => boolean;
  times: number;
  verdict: (request: string) => Promise<Verdict> | Verdict;
};

/** Does something to what passes through proxies, until it has happened so often, or nobody asks for it any more. */
async function onRequests({ through, isMeant, times, verdict }: Interception): Promise<boolean> {
  let happened = 0;
  for (const proxy of through) {
    proxy.intercept((request) => {
      if (!isMeant(request) || happened >= times) return "pass";
      happened += 1;
      return verdict(request);
    });
  }
  await waitFor({ what: "requests", timeoutMs: REACH_MS, everyMs: 10, check: () => happened >= times }).catch(() => {});
  for (const proxy of through) proxy.intercept(() => "pass");
  return happened > 0;
}

/** The same for calls of one method, on all endpoints of the chain. */
const onCalls = (
  { world }: Stage,
  { method, ...what }: Pick<Interception, "times" | "verdict"> & { method: string },
): Promise<boolean> => onRequests({ ...what, through: world.endpoints, isMeant: (request) => calls(request, method) });

/** Transactions are committed, and who asked for it does not hear of it. */
async function onCommits(
  stage: Stage,
  { times, verdict }: { times: number; verdict: "cut" | "lose" },
): Promise<boolean> {
  const through = someDatabases(stage);
  let happened = 0;
  for (const proxy of through) {
    proxy.interceptAnswers((answer) => {
      if (!answer.includes("COMMIT\0") || happened >= times) return "pass";
      happened += 1;
      return verdict;
    });
  }
  await waitFor({ what: "commits", timeoutMs: REACH_MS, everyMs: 10, check: () => happened >= times }).catch(() => {});
  for (const proxy of through) proxy.interceptAnswers(() => "pass");
  return happened > 0;
}

/** Holds blocks back until so many transactions of the relayer wait, then does something to them. */
async function withPending(
  { world: { chain } }: Stage,
  { atLeast, act }: { atLeast: number; act: (pending: Pending[]) => Promise<unknown> },
): Promise<boolean> {
  chain.pause();
  try {
    const pending = await waitFor({
      what: "pending transactions",
      timeoutMs: REACH_MS,
      everyMs: 20,
      check: async () => {
        const found = await pendingOf(chain.call);
        return found.length >= atLeast && found;
      },
    }).catch(() => null);
    if (pending) await act(pending);
    return pending !== null;
  } finally {
    chain.resume();
  }
}

type Pending = { hash: Hex; nonce: Hex; maxFeePerGas?: Hex };
type Pool = Record<"pending" | "queued", Record<string, Record<string, Pending>>>;

async function pendingOf(call: World["chain"]["call"]): Promise<Pending[]> {
  const pool = await call<Pool>("txpool_content");
  const mine = (of: Record<string, Record<string, Pending>>) =>
    Object.entries(of).find(([address]) => address.toLowerCase() === relayer.address.toLowerCase())?.[1] ?? {};
  return Object.values({ ...mine(pool.queued), ...mine(pool.pending) }).toSorted(
    (a, b) => Number(a.nonce) - Number(b.nonce),
  );
}

/** A transaction of the relayer's key that the outbox knows nothing of. */
async function sendForeign({ chain }: World, { nonce, gwei }: { nonce: number; gwei: bigint }): Promise<void> {
  const wallet = createWalletClient({ account: relayer, transport: http(chain.rpcUrl, { retryCount: 0 }) });
  await wallet.sendTransaction({
    chain: null,
    to: relayer.address,
    nonce,
    gas: 21_000n,
    maxFeePerGas: gwei * GWEI,
    maxPriorityFeePerGas: gwei * GWEI,
  });
}

const baseFee = ({ chain }: World, wei: bigint): Promise<unknown> =>
  chain.call("anvil_setNextBlockBaseFeePerGas", `0x${wei.toString(16)}`);

/** Until a block has it: one that is being made when the fee is set sets it anew. */
async function calmFees(world: World): Promise<void> {
  await waitFor({
    what: "calm fees",
    timeoutMs: REACH_MS,
    check: async () => {
      await baseFee(world, NORMAL_BASE_FEE);
      await world.chain.mine(1);
      const block = await world.chain.call<{ baseFeePerGas: Hex }>("eth_getBlockByNumber", "latest", false);
      return BigInt(block.baseFeePerGas) <= NORMAL_BASE_FEE;
    },
  });
}

/** Something else for the outbox to send. */
async function queueOpening({ sql, contracts }: World): Promise<void> {
  const owner = privateKeyToAccount(generatePrivateKey()).address;
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "open", args: [owner, PRIMARY_SALT] });
  const id = newId("tx");
  await sql.begin((tx) =>
    queueTransaction(tx, {
      transactionId: id,
      accountId: null,
      kind: "open",
      cause: `faults:${id}`,
      sender: relayer.address,
      target: contracts.escrow,
      data,
    }),
  );
}

/** Waits until a batch has been mined since. @returns false if none is */
async function batchMined({ sql }: World): Promise<boolean> {
  const newest = async () =>
    (
      await sql<
        [{ id: bigint }]
      >`select coalesce(max(batch_id), 0) as id from batches where state in ('mined', 'final')`
    )[0].id;
  const before = await newest();
  return waitFor({
    what: "a batch",
    timeoutMs: REACH_MS,
    everyMs: 20,
    check: async () => (await newest()) > before,
  }).catch(() => false);
}

const reorganisation =
  ({ isMinedAgain }: { isMinedAgain: boolean }): Fault =>
  async ({ world, between }) => {
    const hasHit = await batchMined(world);
    const depth = Math.floor(between(1, 16));
    const raw = isMinedAgain ? await rawTransactions(world, depth) : [];
    await world.chain.reorganise(depth, raw);
    return hasHit;
  };

/** The bytes of what was mined in the newest blocks. */
async function rawTransactions({ chain: { call } }: World, depth: number): Promise<Hex[]> {
  const head = Number(await call<Hex>("eth_blockNumber"));
  const raw: Hex[] = [];
  for (let number = head - depth + 1; number <= head; number++) {
    const block = await call<{ transactions: Hex[] }>("eth_getBlockByNumber", `0x${number.toString(16)}`, false);
    for (const hash of block.transactions) raw.push(await call<Hex>("eth_getRawTransactionByHash", hash));
  }
  return raw;
}

/** The guardian has the contract undo its newest batch. @returns whether it did */
async function undoNewest(world: World): Promise<boolean> {
  const { sql, chain, contracts, view } = world;
  const [batch] = await sql<Array<Record<string, unknown>>>`
    select * from batches where state in ('mined', 'final') order by seq desc limit 1`;
  if (!batch) return false;
  const settlement = {
    seq: batch["seq"],
    prev: batch["prev"],
    receiptsRoot: batch["receipts_root"],
    periodEnd: Math.floor((batch["period_end"] as Date).getTime() / 1000),
    deadline: Number(batch["deadline"]),
    debits: bytesToHex(batch["debits"] as Uint8Array),
    credits: bytesToHex(batch["credits"] as Uint8Array),
    referrals: bytesToHex(batch["referrals"] as Uint8Array),
  };
  const guard = { to: contracts.escrow, abi: creditEscrowAbi as Abi };
  const { timestamp } = await view.client.getBlock();
  const until = Number(timestamp) + 86_400;
  await write(chain.rpcUrl, { ...guard, functionName: "pause", args: [SETTLEMENT_GROUP, until] });
  const hash = await write(chain.rpcUrl, { ...guard, functionName: "void", args: [settlement] });
  await write(chain.rpcUrl, { ...guard, functionName: "unpause", args: [SETTLEMENT_GROUP] });
  await chain.mine(2);
  return (await view.client.getTransactionReceipt({ hash })).status === "success";
}

const undoing =
  ({ isReorganised }: { isReorganised: boolean }): Fault =>
  async ({ world, between }) => {
    const { chain } = world;
    await batchMined(world);
    chain.pause();
    try {
      if (!(await undoNewest(world))) return false;
    } finally {
      chain.resume();
    }
    if (isReorganised) {
      await sleep(between(0, MOMENT_MS.to));
      await chain.reorganise(Math.floor(between(2, 16)));
    }
    await chain.mine(SAFE_DEPTH + 1); // what was built on it is given up when the undoing is safe
    return true;
  };

const kill = async ({ workers }: World, name: string): Promise<void> => {
  await workers.find((worker) => worker.name === name)?.part.killAndRestart();
};

const killAt =
  (point: Point): Fault =>
  ({ world, pick }) =>
    atPoint(world.sql, { point, isCommitted: pick([true, false]), act: (name) => kill(world, name) });

/** Somewhere behind a point, whatever it does there: it hashes, reads, or waits for an answer. */
const killBehind =
  (point: Point): Fault =>
  async ({ world, between }) => {
    const seen: string[] = [];
    const act = async (name: string) => void seen.push(name);
    if (!(await atPoint(world.sql, { point, isCommitted: true, act }))) return false;
    await sleep(between(0, 400));
    for (const name of seen) await kill(world, name);
    return true;
  };

/** It stands still while the other goes on, and goes on itself as if no time had passed. */
const freezing =
  ({ losesLocks }: { losesLocks: boolean }): Fault =>
  async ({ world, between, pick }) => {
    await sleep(between(0, MOMENT_MS.to));
    const n = pick([0, 1] as const);
    const { part } = world.workers[n];
    part.freeze();
    if (losesLocks) world.databases[n].cutAll();
    await sleep(between(500, 2_500));
    part.thaw();
    return true;
  };

/** Both workers die when one calls the chain: nobody saw what became of the call. */
const killOnCall =
  (method: string, verdict: "lose" | "cut"): Fault =>
  (stage) => {
    const { workers } = stage.world;
    return onCalls(stage, {
      method,
      times: 1,
      verdict: async () => {
        // Cut: the call is let through, and those who wait for its answer are gone.
        const dying = Promise.all(workers.map(({ part }) => part.killAndRestart()));
        if (verdict === "lose") await dying;
        return verdict;
      },
    });
  };

const answering = (kind: keyof typeof badAnswers): Fault =>
  network(() => ({ kind: "answer", answer: badAnswers[kind] }));

function coSignerOf({ world }: Stage): readonly FaultProxy[] {
  return world.coSigner ? [world.coSigner.proxy] : [];
}

/** Every fault by its name. */
export const FAULTS: Record<string, Fault> = {
  "endpoint refuses": network(() => ({ kind: "refuse" })),
  "endpoint is silent": network(() => ({ kind: "silent" })),
  "endpoint is slow": network(({ between }) => ({ kind: "slow", delayMs: between(20, 250) })),
  "endpoint is unavailable": answering("unavailable"),
  "endpoint limits": answering("limited"),
  "endpoint is broken": answering("broken"),
  "first endpoint refuses, second lags": async ({ world, between }) => {
    const lagging = await startLaggingNode(world.chain, { blocks: Math.floor(between(2, 12)) });
    try {
      world.secondNode.port = lagging.port;
      for (const proxy of world.endpoints) proxy.setMode({ kind: "refuse" });
      world.endpoints[1].heal();
      await sleep(between(500, 2_000));
    } finally {
      world.secondNode.port = world.chain.port;
      for (const proxy of world.endpoints) proxy.heal();
      world.endpoints[1].cutAll();
      await lagging.stop();
    }
    return true;
  },
  "answers to sends are cut": (stage) =>
    onCalls(stage, { method: "eth_sendRawTransaction", times: 2, verdict: () => "cut" }),
  "sends are lost": (stage) => onCalls(stage, { method: "eth_sendRawTransaction", times: 2, verdict: () => "lose" }),
  "receipts are lost": (stage) =>
    onCalls(stage, {
      method: "eth_getTransactionReceipt",
      times: Math.floor(stage.between(1, 12)),
      verdict: (request) => ({ answer: badAnswers.nothing(request) }),
    }),
  "nonces are not told": (stage) =>
    onCalls(stage, {
      method: "eth_getTransactionCount",
      times: 2,
      verdict: (request) => ({ answer: badAnswers.broken(request) }),
    }),
  "fees rise above the ceiling": async ({ world, between }) => {
    await baseFee(world, 20n * GWEI);
    await sleep(between(MOMENT_MS.from, MOMENT_MS.to));
    await calmFees(world);
    return true;
  },
  "fees rise while it waits": async (stage) => {
    const mined = batchMined(stage.world);
    const hasHit = await withPending(stage, { atLeast: 1, act: () => baseFee(stage.world, 4n * GWEI) });
    await mined;
    await calmFees(stage.world);
    return hasHit;
  },
  "nobody mines": async ({ world: { chain }, between }) => {
    chain.pause();
    await sleep(between(500, 2_000));
    chain.resume();
    return true;
  },
  "a transaction is dropped": (stage) =>
    withPending(stage, {
      atLeast: 1,
      act: ([first]) => stage.world.chain.call("anvil_dropTransaction", first?.hash),
    }),
  "all transactions are dropped": (stage) =>
    withPending(stage, { atLeast: 1, act: () => stage.world.chain.call("anvil_dropAllTransactions") }),
  "a transaction is replaced by a foreign one": async (stage) => {
    const { world } = stage;
    const act = async ([first]: Pending[]) => {
      await sendForeign(world, { nonce: Number(first?.nonce), gwei: 30n });
      await world.chain.mine(1);
    };
    const hasHit = await withPending(stage, { atLeast: 1, act });
    await world.chain.mine(SAFE_DEPTH + 1); // nothing is concluded before it is safe
    return hasHit;
  },
  "a foreign transaction takes the next nonce": async ({ world }) => {
    const nonce = await world.view.client.getTransactionCount({ address: relayer.address });
    const sent = sendForeign(world, { nonce, gwei: 30n }).then(
      () => true,
      () => false, // ours was faster
    );
    await world.chain.mine(SAFE_DEPTH + 1);
    return sent;
  },
  "a gap of nonces": async (stage) => {
    const { world } = stage;
    await Promise.all([1, 2, 3].map(() => queueOpening(world)));
    const act = ([first]: Pending[]) => world.chain.call("anvil_dropTransaction", first?.hash);
    return withPending(stage, { atLeast: 3, act });
  },
  "the deadline passes": (stage) => {
    const { chain } = stage.world;
    const act = async () => {
      await chain.call("anvil_dropAllTransactions");
      await chain.call("evm_increaseTime", stage.world.coSigner ? 570 : 150);
      await chain.mine(SAFE_DEPTH + 1);
    };
    return withPending(stage, { atLeast: 1, act });
  },
  "a reorganisation": reorganisation({ isMinedAgain: false }),
  "a reorganisation that mines again": reorganisation({ isMinedAgain: true }),
  "two reorganisations": async (stage) => {
    const hasHit = await reorganisation({ isMinedAgain: false })(stage);
    await sleep(stage.between(0, MOMENT_MS.to));
    return (await reorganisation({ isMinedAgain: stage.pick([true, false]) })(stage)) && hasHit;
  },
  "the chain restarts": async ({ world }) => {
    await world.chain.restart();
    return true;
  },
  "a batch is undone": undoing({ isReorganised: false }),
  "an undoing is reorganised away": undoing({ isReorganised: true }),
  "PostgreSQL restarts": async ({ world }) => {
    await world.postgres.killAndRestart();
    return true;
  },
  "database connections are cut": async ({ world, between }) => {
    for (let n = 0; n < 3; n++) {
      for (const proxy of world.databases) proxy.cutAll();
      await sleep(between(50, 300));
    }
    return true;
  },
  "database is slow": network(({ between }) => ({ kind: "slow", delayMs: between(5, 60) }), someDatabases),
  "database refuses": network(() => ({ kind: "refuse" }), someDatabases),
  "database is silent": network(() => ({ kind: "silent" }), someDatabases),
  "database connections go silent": async (stage) => {
    await sleep(stage.between(0, MOMENT_MS.to));
    for (const proxy of someDatabases(stage)) proxy.deafen();
    return true;
  },
  "answers to commits are cut": (stage) => onCommits(stage, { times: 3, verdict: "cut" }),
  "answers to commits are lost": (stage) => onCommits(stage, { times: 2, verdict: "lose" }),
  "a worker is frozen": freezing({ losesLocks: false }),
  "a worker is frozen and loses its locks": freezing({ losesLocks: true }),
  "both workers die": async ({ world, between }) => {
    await sleep(between(0, MOMENT_MS.to));
    await Promise.all(world.workers.map(({ part }) => part.killAndRestart()));
    return true;
  },
  "both die before a send": killOnCall("eth_sendRawTransaction", "lose"),
  "both die after a send": killOnCall("eth_sendRawTransaction", "cut"),
  "both die asking for a receipt": killOnCall("eth_getTransactionReceipt", "lose"),
  ...Object.fromEntries(Object.keys(POINTS).map((point) => [`one dies ${point}`, killAt(point as Point)])),
  "one dies behind a claim": killBehind("inside a claim"),
  "one dies behind a large claim": killBehind("inside a large claim"),
};

/** Faults of worlds that have a co-signer. */
export const COSIGNER_FAULTS: Record<string, Fault> = {
  "the co-signer refuses connections": network(() => ({ kind: "refuse" }), coSignerOf),
  "the co-signer is silent": network(() => ({ kind: "silent" }), coSignerOf),
  "answers of the co-signer are cut": (stage) =>
    onRequests({
      through: coSignerOf(stage),
      isMeant: (request) => request.includes("/co-signatures"),
      times: 1,
      verdict: () => "cut",
    }),
  "the co-signer dies": async ({ world, between }) => {
    await sleep(between(0, MOMENT_MS.to));
    await world.coSigner?.part.killAndRestart();
    return true;
  },
};

/** Faults that need a batch of more than one slice of captures. */
export const LARGE: ReadonlySet<string> = new Set([
  "one dies inside a large claim",
  "one dies between two slices",
  "one dies behind a large claim",
]);

/** Faults after which something waits for an answer that never comes, until its round is given up. */
export const HANGING: ReadonlySet<string> = new Set(["database connections go silent", "answers to commits are lost"]);

/** Faults that may come with any other. */
export const COMPANIONS = [
  "endpoint refuses",
  "endpoint is silent",
  "endpoint is slow",
  "endpoint is broken",
  "nobody mines",
  "all transactions are dropped",
  "a reorganisation",
  "a reorganisation that mines again",
  "database is slow",
  "database connections are cut",
  "answers to commits are cut",
  "a worker is frozen and loses its locks",
  "both workers die",
] as const;
