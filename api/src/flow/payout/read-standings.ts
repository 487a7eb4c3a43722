import { creditEscrowAbi } from "@infr/contracts/abi";
import { type MicroUsdc, microUsdc } from "@infr/money";
import { type Address, parseAbi } from "viem";
import type { Chain } from "../../chain/open.ts";
import { MANY_QUESTIONS } from "../../chain/questions.ts";

/** The contract's number of the group of payouts, for pauses. */
const PAYOUTS_GROUP = 3;
const policyAbi = parseAbi(["function isVerified(address owner) view returns (bool)"]);

/** What the contract says of an earner, all as of one block. */
export type Standing = {
  earner: number;
  owner: Address;
  /** Can be paid now. */
  available: MicroUsdc;
  /** Earned the day before that block: available from the next midnight UTC. */
  previous: MicroUsdc;
  /** Earned on that block's day: available from the midnight after the next. */
  current: MicroUsdc;
  /** Paid of late: every payout fades within 30 days. Above the contract's limit the owner has to be verified. */
  windowPaid: MicroUsdc;
  /** The policy's word; false where there is none, or where it fails. */
  verified: boolean;
  payoutTo: Address;
  queuedPayoutTo: Address | null;
  payoutToMaturesAt: Date | null;
  suspendedUntil: Date | null;
};

export type Standings = {
  earners: Map<number, Standing>;
  /** Time of the newest block: the contract's clock. */
  at: Date;
  /** Nobody is paid until then. */
  pausedUntil: Date | null;
};

/** Reads earners as the contract sees them, dozens with one call to the node. */
export async function readStandings(chain: Chain, earners: number[]): Promise<Standings> {
  const escrow = { address: chain.escrow, abi: creditEscrowAbi } as const;
  const block = await chain.client.getBlock();
  const at = { blockNumber: block.number, ...MANY_QUESTIONS } as const;
  const [[policy, paused], states, suspensions, owners] = await Promise.all([
    chain.client.multicall({
      ...at,
      allowFailure: false,
      contracts: [
        { ...escrow, functionName: "payoutPolicy" },
        { ...escrow, functionName: "pausedUntil", args: [PAYOUTS_GROUP] },
      ],
    }),
    chain.client.multicall({
      ...at,
      allowFailure: false,
      contracts: earners.map((earner) => ({ ...escrow, functionName: "earnerOf", args: [earner] }) as const),
    }),
    chain.client.multicall({
      ...at,
      allowFailure: false,
      contracts: earners.map((earner) => ({ ...escrow, functionName: "suspendedUntil", args: [earner] }) as const),
    }),
    chain.client.multicall({
      ...at,
      allowFailure: false,
      contracts: earners.map((earner) => ({ ...escrow, functionName: "ownerOf", args: [earner] }) as const),
    }),
  ]);
  const verified = await chain.client.multicall({
    ...at,
    contracts: owners.map(
      (owner) => ({ address: policy, abi: policyAbi, functionName: "isVerified", args: [owner] }) as const,
    ),
  });
  const later = (seconds: number) => (seconds > block.timestamp ? new Date(seconds * 1000) : null);
  const standing = (earner: number, index: number): Standing => {
    const state = present(states[index]);
    const maturesAt = later(state.payoutToMaturesAt);
    return {
      earner,
      owner: present(owners[index]),
      available: microUsdc(state.available),
      previous: microUsdc(BigInt(state.previous)),
      current: microUsdc(BigInt(state.current)),
      windowPaid: microUsdc(BigInt(state.windowPaid)),
      verified: verified[index]?.status === "success" && verified[index].result,
      payoutTo: state.payoutTo,
      queuedPayoutTo: maturesAt && state.queuedPayoutTo,
      payoutToMaturesAt: maturesAt,
      suspendedUntil: later(present(suspensions[index])),
    };
  };
  return {
    earners: new Map(earners.map((earner, index) => [earner, standing(earner, index)])),
    at: new Date(Number(block.timestamp) * 1000),
    pausedUntil: later(paused),
  };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the node left a question of a multicall unanswered");
  return value;
}
