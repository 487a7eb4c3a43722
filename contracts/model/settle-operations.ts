import { type Batch, settlementDigest, settlementTypedData, storedDigest } from "@infr/protocol";
import { encodeFunctionData, encodePacked, type Hex } from "viem";
import { creditEscrowAbi } from "../abi/index.ts";
import { anyUser, holderOf, type Maker, signerFor } from "./operation.ts";
import type { Random } from "./random.ts";
import { type ModelBatch, type ModelLine, settle, voidBatch } from "./settle-model.ts";
import { saltOf, send, type World } from "./world.ts";

const MAX_LINE = 2n ** 40n - 1n;

/** Ids in order, each with an amount. */
function lines(world: World, random: Random, amountOf: (id: number) => bigint): ModelLine[] {
  const ids = [...world.state.accounts.keys()].filter(() => random.chance(35));
  if (random.chance(2)) ids.push(world.state.accounts.size + 1);
  return ids.map((id) => ({ id, amount: amountOf(id) }));
}

/** Up to somewhat more than the account has: overdrafts, write-offs, and at times more than its day limit. */
function debitAmount(world: World, random: Random, id: number): bigint {
  const { state } = world;
  const account = state.accounts.get(id);
  if (!account || id === 1) return random.amount((account?.balance ?? 0n) / 20n);
  const room = account.dayLimit - account.usedAt(state.now);
  if (random.chance(2)) return room + 1n;
  const wanted = random.amount(account.balance / 3n) + (random.chance(25) ? account.balance + 3_000_000n : 0n);
  return wanted < room ? wanted : room;
}

/** `total` in parts, the last one taking the rest; with nobody to take it the batch is not conserved. */
function share(ids: readonly number[], total: bigint, random: Random): ModelLine[] {
  let rest = total;
  return ids.map((id, index) => {
    const amount = index === ids.length - 1 ? rest : random.amount(rest);
    rest -= amount;
    return { id, amount: amount < MAX_LINE ? amount : MAX_LINE };
  });
}

function modelBatch(world: World, random: Random): ModelBatch {
  const { state } = world;
  const debits = lines(world, random, (id) => debitAmount(world, random, id));
  const gross = debits.reduce((sum, { amount }) => sum + amount, 0n);
  const idsOf = () => [...state.accounts.keys()].filter(() => random.chance(30));
  const earners = idsOf();
  const credits = share(
    earners.length > 0 || gross === 0n ? earners : [1 + random.below(state.accounts.size)],
    gross,
    random,
  );
  const referrals = share(idsOf(), random.amount(gross) + BigInt(random.chance(2) ? 1 : 0), random);
  if (random.chance(2)) credits.reverse();
  return {
    seq: state.seq + (random.chance(2) ? 2n : 1n),
    prev: random.chance(2) ? saltOf(3) : state.lastDigest,
    deadline: state.now + BigInt(random.chance(3) ? 601 : random.chance(2) ? -1 : random.below(601)),
    debits,
    credits,
    referrals,
    signed: !random.chance(3),
  };
}

/** Lines as they come, in order or not, of nothing or not: what the encoder refuses the contract has to bear. */
const encode = (given: readonly ModelLine[]): Hex =>
  `0x${given.map(({ id, amount }) => encodePacked(["uint32", "uint40"], [id, Number(amount)]).slice(2)).join("")}`;

const settleBatch: Maker = async (world, random) => {
  const { chain } = world;
  const model = modelBatch(world, random);
  const batch: Batch = {
    seq: model.seq,
    prev: model.prev,
    receiptsRoot: saltOf(5),
    periodEnd: Number(world.state.now),
    deadline: Number(model.deadline),
    debits: encode(model.debits),
    credits: encode(model.credits),
    referrals: encode(model.referrals),
  };
  const settler = signerFor(world, "settler", model.signed);
  const digest = storedDigest(settlementDigest(chain, batch));
  world.batches.set(digest, batch);
  const signature = await settler.signTypedData(settlementTypedData(chain, batch));
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "settle", args: [batch, signature] });
  return {
    text: `settle(${JSON.stringify(model, (_, each) => (typeof each === "bigint" ? String(each) : each))})`,
    model: (state) => settle(state, model, digest),
    chain: () => send(world, { from: anyUser(world, random), to: chain.escrow, data }),
  };
};

/** The newest live batch, at times an older one, one that was undone, or one that was refused. */
export const undo: Maker = (world, random) => {
  const { state, chain } = world;
  const known = [...world.batches];
  if (known.length === 0) return settleBatch(world, random);
  const newest = known.filter(([digest]) => digest === state.live.at(-1)?.digest);
  const [digest, batch] = random.pick(newest.length > 0 && random.chance(85) ? newest : known);
  const sender = holderOf(world, random.chance(50) ? "guardian" : "governor", random);
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "void", args: [batch] });
  return {
    text: `void(${batch.seq}) by ${sender}`,
    model: (at) => voidBatch(at, digest, sender),
    chain: () => send(world, { from: sender, to: chain.escrow, data }),
  };
};

/** Whether settlement is paused with something to undo: that does not happen often by chance. */
export const isVoidable = ({ state }: World): boolean =>
  state.now < state.pausedUntil.settlement && (state.live.at(-1)?.settledAt ?? 0n) + 86_400n >= state.now;

export const settleMakers: Record<string, { make: Maker; weight: number }> = {
  settle: { make: settleBatch, weight: 20 },
  void: { make: undo, weight: 2 },
};
