import type { Address } from "viem";
import { creditEscrowAbi, testUsdcAbi } from "../abi/index.ts";
import { GROUPS, ROLES } from "./escrow-state.ts";
import { addressOrZero, NEXT, saltOf, type World } from "./world.ts";

type Facts = Record<string, unknown>;

/** Everything the contract shows, in the names of its views. */
async function chainFacts({ chain, state, users, forwarders }: World): Promise<Facts> {
  const escrow = { address: chain.escrow, abi: creditEscrowAbi } as const;
  const usdc = { address: chain.usdc, abi: testUsdcAbi } as const;
  const blockNumber = await chain.reader.getBlockNumber({ cacheTime: 0 });
  const { readContract } = chain.reader;
  const reads: [string, Promise<unknown>][] = [
    ["nextId", readContract({ ...escrow, functionName: "nextId", blockNumber })],
    ["liabilities", readContract({ ...escrow, functionName: "liabilities", blockNumber })],
    ["nextBatch", readContract({ ...escrow, functionName: "nextBatch", blockNumber })],
    ["capacity", readContract({ ...escrow, functionName: "settlementCapacity", blockNumber })],
    ["surplus", readContract({ ...escrow, functionName: "surplus", blockNumber })],
    ["policy", readContract({ ...escrow, functionName: "payoutPolicy", blockNumber })],
    ["successor", readContract({ ...escrow, functionName: "successor", blockNumber })],
    ["eth", chain.reader.getBalance({ address: chain.escrow, blockNumber })],
  ];
  for (const [index, role] of ROLES.entries())
    reads.push([`role ${role}`, readContract({ ...escrow, functionName: "roleOf", args: [index], blockNumber })]);
  for (const [index, group] of GROUPS.entries())
    reads.push([
      `pause ${group}`,
      readContract({ ...escrow, functionName: "pausedUntil", args: [index], blockNumber }),
    ]);
  for (let seq = state.seq; seq > 0n && seq > state.seq - 4n; seq -= 1n)
    reads.push([`batch ${seq}`, readContract({ ...escrow, functionName: "batchOf", args: [seq], blockNumber })]);
  for (const id of state.accounts.keys()) {
    reads.push([`account ${id}`, readContract({ ...escrow, functionName: "accountOf", args: [id], blockNumber })]);
    reads.push([`earner ${id}`, readContract({ ...escrow, functionName: "earnerOf", args: [id], blockNumber })]);
    reads.push([`pay ${id}`, readContract({ ...escrow, functionName: "suspendedUntil", args: [id], blockNumber })]);
    reads.push([`queued ${id}`, readContract({ ...escrow, functionName: "queuedOf", args: [id], blockNumber })]);
  }
  for (const key of state.vouchers.keys()) {
    reads.push([`voucher ${key}`, readContract({ ...escrow, functionName: "voucherOf", args: [key], blockNumber })]);
  }
  for (const holder of [state.escrow, NEXT, ...users.map(({ address }) => address), ...forwarders.values()]) {
    const args = [holder] as const;
    reads.push([`usdc of ${holder}`, readContract({ ...usdc, functionName: "balanceOf", args, blockNumber })]);
  }
  return Object.fromEntries(await Promise.all(reads.map(async ([name, read]) => [name, await read] as const)));
}

function accountFacts({ state }: World, id: number): Facts {
  const { owner, nonce, balance, debt, dayLimit, exitAt, queuedOwner, queuedDayLimit } = state.account(id);
  const used = state.account(id).usedAt(state.now);
  const earner = state.earner(id);
  const { to, queued } = earner.route(state.now);
  return {
    [`account ${id}`]: { owner, nonce, balance, debt, dayLimit, used, exitAt },
    [`earner ${id}`]: {
      available: earner.available(state.today),
      previous: earner.earnedOn(state.today - 1n),
      current: earner.earnedOn(state.today),
      carry: earner.carry,
      windowPaid: earner.windowPaid(state.today),
      payoutTo: to ?? owner,
      queuedPayoutTo: addressOrZero(queued?.to ?? null),
      payoutToMaturesAt: queued?.maturesAt ?? 0n,
    },
    [`pay ${id}`]: state.suspendedUntil.get(id) ?? 0n,
    [`queued ${id}`]: [
      addressOrZero(queuedOwner?.owner ?? null),
      queuedOwner?.maturesAt ?? 0n,
      queuedDayLimit?.perDay ?? 0n,
      queuedDayLimit?.maturesAt ?? 0n,
    ],
  };
}

function modelFacts(world: World): Facts {
  const { state, users, forwarders } = world;
  const { settled, successor } = state;
  const facts: Facts = {
    nextId: state.accounts.size + 1,
    liabilities: state.liabilities,
    nextBatch: [state.seq + 1n, state.lastDigest, state.settledAt],
    capacity: [settled.available(state.now), settled.capacity, settled.window],
    surplus: state.surplus,
    policy: state.policy,
    successor: [addressOrZero(successor?.to ?? null), successor?.maturesAt ?? 0n],
    eth: state.eth,
  };
  for (const role of ROLES) facts[`role ${role}`] = state.roles[role];
  for (const group of GROUPS) facts[`pause ${group}`] = state.pausedUntil[group];
  for (let seq = state.seq; seq > 0n && seq > state.seq - 4n; seq -= 1n) {
    const batch = state.live.find((each) => each.seq === seq);
    facts[`batch ${seq}`] = [batch?.digest ?? saltOf(0), batch?.settledAt ?? 0n];
  }
  for (const id of state.accounts.keys()) Object.assign(facts, accountFacts(world, id));
  for (const [key, voucher] of state.vouchers) facts[`voucher ${key}`] = voucher;
  const holders: Address[] = [state.escrow, NEXT, ...users.map(({ address }) => address), ...forwarders.values()];
  for (const holder of holders) facts[`usdc of ${holder}`] = state.token.balanceOf(holder);
  return facts;
}

/** Numbers and bigints alike; names in order. */
const written = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === "bigint" || typeof each === "number") return String(each);
    if (each && typeof each === "object" && !Array.isArray(each))
      return Object.fromEntries(Object.entries(each).toSorted(([left], [right]) => left.localeCompare(right)));
    return each;
  });

/** @returns what model and contract disagree about */
export async function differences(world: World): Promise<string[]> {
  const [onChain, inModel] = [await chainFacts(world), modelFacts(world)];
  const names = new Set([...Object.keys(onChain), ...Object.keys(inModel)]);
  const found = [...names].flatMap((name) => {
    const [real, model] = [written(onChain[name]), written(inModel[name])];
    return real === model ? [] : [`${name}\n    contract ${real}\n    model    ${model}`];
  });
  if (world.state.token.balanceOf(world.state.escrow) < world.state.liabilities) found.push("I1: not backed");
  return found;
}
