import { zeroAddress } from "viem";
import { order } from "./governed-operations.ts";
import { anyId, anyUser, holderOf, type Maker } from "./operation.ts";
import type { Random } from "./random.ts";
import * as surplus from "./surplus-model.ts";
import { addressOrZero, forceEth, saltOf, type World } from "./world.ts";

const BLOCK = saltOf(11);

/** A log that is new, or one that was named before. */
function anyLog(world: World, random: Random): number {
  if (world.logs > 0 && random.chance(25)) return 1 + random.below(world.logs);
  world.logs += 1;
  return world.logs;
}

/** Up to all of the surplus, at times a little more. */
const anyAmount = ({ state }: World, random: Random): bigint =>
  random.amount(state.surplus) + BigInt(random.chance(8) ? 1 : 0);

const attribute: Maker = (world, random) => {
  const [id, sender] = [anyId(world, random), holderOf(world, "attributor", random)];
  const [amount, log] = [anyAmount(world, random), anyLog(world, random)];
  return order(world, {
    sender,
    functionName: "attribute",
    args: [id, amount, BLOCK, BigInt(log)],
    model: (state) => surplus.attribute(state, sender, { id, amount, log }),
  });
};

const argsOf = ({ to, amount, log }: surplus.RefundArgs) =>
  [{ to: addressOrZero(to), amount, blockHash: BLOCK, logIndex: BigInt(log) }] as const;

const queueRefund: Maker = (world, random) => {
  const sender = holderOf(world, "governor", random);
  const to = random.chance(5) ? null : random.chance(5) ? world.state.escrow : anyUser(world, random);
  const refund = { to, amount: anyAmount(world, random), log: anyLog(world, random) };
  return order(world, {
    sender,
    functionName: "queueRefund",
    args: argsOf(refund),
    model: (state) => surplus.queueRefund(state, sender, refund),
  });
};

/** One that waits, or one that does not. */
function anyRefund(world: World, random: Random): surplus.RefundArgs {
  const waiting = [...world.state.refunds.keys()];
  const [to, amount, log] = (waiting.length > 0 ? random.pick(waiting) : `${anyUser(world, random)}/1/0`).split("/");
  return { to: to as `0x${string}`, amount: BigInt(amount ?? 0), log: Number(log) };
}

const cancelRefund: Maker = (world, random) => {
  const [sender, refund] = [holderOf(world, "guardian", random), anyRefund(world, random)];
  return order(world, {
    sender,
    functionName: "cancelRefund",
    args: argsOf(refund),
    model: (state) => surplus.cancelRefund(state, sender, refund),
  });
};

const refundSurplus: Maker = (world, random) => {
  const [sender, refund] = [anyUser(world, random), anyRefund(world, random)];
  return order(world, {
    sender,
    functionName: "refundSurplus",
    args: argsOf(refund),
    model: (state) => surplus.refundSurplus(state, refund),
  });
};

/** ETH that was forced on the escrow, or what the governor must not touch. */
const rescue: Maker = (world, random) => {
  const { state, chain } = world;
  if (state.eth < 10n) {
    return {
      text: "7 wei are forced on the escrow",
      model: (at) => {
        at.eth += 7n;
      },
      chain: async () => {
        await forceEth(world, state.eth + 7n);
        return null;
      },
    };
  }
  const sender = holderOf(world, "governor", random);
  const [asset, to] = [
    random.chance(80) ? "eth" : "usdc",
    random.chance(90) ? anyUser(world, random) : state.escrow,
  ] as const;
  const amount = random.amount(state.eth) + BigInt(random.chance(10) ? 1 : 0);
  return order(world, {
    sender,
    functionName: "rescue",
    args: [asset === "eth" ? zeroAddress : chain.usdc, to, amount],
    model: (at) => surplus.rescue(at, sender, { asset, to, amount }),
  });
};

export const surplusMakers: Record<string, { make: Maker; weight: number }> = {
  attribute: { make: attribute, weight: 4 },
  queueRefund: { make: queueRefund, weight: 2 },
  cancelRefund: { make: cancelRefund, weight: 1 },
  refundSurplus: { make: refundSurplus, weight: 3 },
  rescue: { make: rescue, weight: 2 },
};
