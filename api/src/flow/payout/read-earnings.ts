import { creditEscrowAbi } from "@infr/contracts/abi";
import { type MicroUsdc, microUsdc, type NanoUsd, nanoUsd } from "@infr/money";
import type { Address } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Sql } from "../../db/types.ts";
import { bookBalance } from "../../ledger/store.ts";
import { chainAccountOf, paidTotal } from "./store.ts";

const DAY_SECONDS = 86_400;

/** What an account has earned, and where it is on its way. */
export type Earnings = {
  /** Its number in the contract, null until it is opened. */
  earner: number | null;
  /** Gross of served requests that no settled batch holds yet; 80 % of it will be earned. */
  unsettled: NanoUsd;
  /** Settled, and held for 24–48 hours, during which a batch can be undone. */
  held: MicroUsdc;
  available: MicroUsdc;
  paid: MicroUsdc;
  /** When the next part of what is held becomes available. */
  nextMaturesAt: Date | null;
  payoutTo: Address | null;
};

/** Reads earnings: from the ledger what is not settled, from the contract what is. */
export async function readEarnings({ sql, chain }: { sql: Sql; chain: Chain }, accountId: string): Promise<Earnings> {
  const unsettled = nanoUsd(-(await bookBalance(sql, { book: "unsettled", account: accountId })));
  const paid = microUsdc(await paidTotal(sql, accountId));
  const earner = await chainAccountOf(sql, accountId);
  if (earner === null) {
    const none = microUsdc(0n);
    return { earner, unsettled, held: none, available: none, paid, nextMaturesAt: null, payoutTo: null };
  }
  const [state, block] = await Promise.all([
    chain.client.readContract({
      address: chain.escrow,
      abi: creditEscrowAbi,
      functionName: "earnerOf",
      args: [earner],
    }),
    chain.client.getBlock(),
  ]);
  const midnight = (Number(block.timestamp / BigInt(DAY_SECONDS)) + 1) * DAY_SECONDS;
  const maturesAt = state.previous > 0n ? midnight : state.current > 0n ? midnight + DAY_SECONDS : null;
  return {
    earner,
    unsettled,
    held: microUsdc(BigInt(state.previous) + BigInt(state.current)),
    available: microUsdc(state.available),
    paid,
    nextMaturesAt: maturesAt === null ? null : new Date(maturesAt * 1000),
    payoutTo: state.payoutTo,
  };
}
