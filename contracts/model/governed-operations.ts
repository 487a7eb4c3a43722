import {
  type Address,
  type ContractFunctionArgs,
  type ContractFunctionName,
  encodeFunctionData,
  zeroAddress,
} from "viem";
import { creditEscrowAbi } from "../abi/index.ts";
import { type EscrowState, GROUPS, ROLES } from "./escrow-state.ts";
import * as governed from "./governed-model.ts";
import { anyId, anyUser, holderOf, type Maker, type Operation } from "./operation.ts";
import type { Random } from "./random.ts";
import { addressOrZero, NEXT, POLICY, send, type World } from "./world.ts";

type Name = ContractFunctionName<typeof creditEscrowAbi, "nonpayable">;

interface Order<N extends Name> {
  sender: Address;
  functionName: N;
  args: ContractFunctionArgs<typeof creditEscrowAbi, "nonpayable", N>;
  model: (state: EscrowState) => void;
}

/** A call of one of the escrow's functions, with what the model makes of it. */
export function order<N extends Name>(world: World, { sender, functionName, args, model }: Order<N>): Operation {
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName, args } as Parameters<
    typeof encodeFunctionData
  >[0]);
  const shown = JSON.stringify(args, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each));
  return {
    text: `${functionName}(${shown}) by ${sender}`,
    model,
    chain: () => send(world, { from: sender, to: world.chain.escrow, data }),
  };
}

const guardianOf = (world: World, random: Random): Address =>
  holderOf(world, random.chance(50) ? "guardian" : "governor", random);

/** Hours mostly, a week at times, and what is too long or over. */
function endOf({ state }: World, random: Random, longest: number): bigint {
  if (random.chance(5)) return state.now + BigInt(longest + 1);
  if (random.chance(5)) return state.now - BigInt(random.below(2));
  return state.now + BigInt(1 + random.below(random.chance(70) ? 20_000 : longest));
}

/** Settlement oftener than others: it has to be paused for anything to be undone. */
const pause: Maker = (world, random) => {
  const group = random.chance(60) ? "settlement" : random.pick(GROUPS);
  const [sender, until] = [guardianOf(world, random), endOf(world, random, 604_800)];
  return order(world, {
    sender,
    functionName: "pause",
    args: [GROUPS.indexOf(group), Number(until)],
    model: (state) => governed.pause(state, sender, { group, until }),
  });
};

const unpause: Maker = (world, random) => {
  const paused = GROUPS.filter((group) => world.state.now < world.state.pausedUntil[group]);
  const group = random.pick(paused.length > 0 ? paused : GROUPS);
  const sender = guardianOf(world, random);
  return order(world, {
    sender,
    functionName: "unpause",
    args: [GROUPS.indexOf(group)],
    model: (state) => governed.unpause(state, sender, group),
  });
};

const suspend: Maker = (world, random) => {
  const [id, sender] = [anyId(world, random), guardianOf(world, random)];
  const until = random.chance(20) ? 0n : endOf(world, random, 2_592_000);
  return order(world, {
    sender,
    functionName: "suspend",
    args: [id, Number(until), `0x${"5e".repeat(32)}`],
    model: (state) => governed.suspend(state, sender, { id, until }),
  });
};

const setCaps: Maker = (world, random) => {
  const sender = guardianOf(world, random);
  const capacity = BigInt(500_000_000 + random.below(2_500_000_000));
  const window = BigInt(random.chance(5) ? 0 : 40_000 + random.below(100_000));
  return order(world, {
    sender,
    functionName: "setCaps",
    args: [capacity, Number(window)],
    model: (state) => governed.setCaps(state, sender, { capacity, window }),
  });
};

const setSigner: Maker = (world, random) => {
  const [role, sender] = [random.pick(ROLES), holderOf(world, "governor", random)];
  const to = random.chance(5) ? null : random.chance(5) ? world.state.escrow : random.pick(world.staff).address;
  return order(world, {
    sender,
    functionName: "setSigner",
    args: [ROLES.indexOf(role), addressOrZero(to)],
    model: (state) => governed.setSigner(state, sender, { role, to }),
  });
};

/** One that believes what it is told to, none, or an address that is no contract. */
const setPayoutPolicy: Maker = (world, random) => {
  const sender = holderOf(world, "governor", random);
  const policy = random.chance(70) ? POLICY : random.pick([zeroAddress, anyUser(world, random)]);
  return order(world, {
    sender,
    functionName: "setPayoutPolicy",
    args: [policy],
    model: (state) => governed.setPayoutPolicy(state, sender, policy),
  });
};

const queueSuccessor: Maker = (world, random) => {
  const sender = holderOf(world, "governor", random);
  const isContract = !random.chance(10);
  const address = isContract ? (random.chance(5) ? world.state.escrow : NEXT) : anyUser(world, random);
  return order(world, {
    sender,
    functionName: "queueSuccessor",
    args: [address],
    model: (state) => governed.queueSuccessor(state, sender, { address, isContract }),
  });
};

const cancelSuccessor: Maker = (world, random) => {
  const sender = guardianOf(world, random);
  return order(world, {
    sender,
    functionName: "cancelSuccessor",
    args: [],
    model: (state) => governed.cancelSuccessor(state, sender),
  });
};

const migrate: Maker = (world, random) => {
  const ids = Array.from({ length: 1 + random.below(3) }, () => anyId(world, random));
  const sender = holderOf(world, random.chance(50) ? "clearer" : "governor", random);
  return order(world, {
    sender,
    functionName: "migrate",
    args: [ids],
    model: (state) => governed.migrate(state, sender, ids),
  });
};

export const governedMakers: Record<string, { make: Maker; weight: number }> = {
  pause: { make: pause, weight: 6 },
  unpause: { make: unpause, weight: 2 },
  suspend: { make: suspend, weight: 2 },
  setCaps: { make: setCaps, weight: 2 },
  setSigner: { make: setSigner, weight: 3 },
  setPayoutPolicy: { make: setPayoutPolicy, weight: 1 },
  queueSuccessor: { make: queueSuccessor, weight: 1 },
  cancelSuccessor: { make: cancelSuccessor, weight: 1 },
  migrate: { make: migrate, weight: 2 },
};
