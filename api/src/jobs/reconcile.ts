import { creditEscrowAbi } from "@infr/contracts/abi";
import { erc20Abi } from "viem";
import type { Chain } from "../chain/open.ts";
import type { Sql } from "../db/types.ts";
import { type LedgerTotals, ledgerTotals, onChainAccounts } from "./reconcile-store.ts";

const ATTEMPTS = 20;
const PAUSE_MS = 250;
const NANO_PER_MICRO = 1_000n;

/** A place where ledger and contract do not say the same, in nano-dollars. */
export type Difference = { what: string; ledger: bigint; chain: bigint };

/** Ledger and contract side by side at a block. `ok`: no difference, and the USDC held covers what is owed. */
export type Reconciliation = {
  block: bigint;
  usdcHeld: bigint;
  liabilities: bigint;
  ledger: LedgerTotals;
  differences: Difference[];
  ok: boolean;
};

/**
 * Compares, per account and in total, what the ledger has booked with what the contract says. Events take a moment to
 * be booked, so a difference counts only if it stays over several blocks. All amounts are in nano-dollars.
 */
export async function reconcile(context: { sql: Sql; chain: Chain }): Promise<Reconciliation> {
  let result = await compare(context);
  for (let attempt = 1; attempt < ATTEMPTS && !result.ok; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    result = await compare(context);
  }
  return result;
}

/**
 * Reconciles for whoever asks, at most once at a time and once in `freshMs`: anybody may ask, and each time costs a
 * question to the chain for every account.
 */
export function sharedReconciliation(
  context: { sql: Sql; chain: Chain },
  freshMs: number,
): () => Promise<Reconciliation> {
  let running: Promise<Reconciliation> | null = null;
  return () => {
    running ??= reconcile(context).finally(() => setTimeout(() => (running = null), freshMs).unref());
    return running;
  };
}

async function compare({ sql, chain }: { sql: Sql; chain: Chain }): Promise<Reconciliation> {
  const block = await chain.client.getBlockNumber({ cacheTime: 0 });
  const escrow = { address: chain.escrow, abi: creditEscrowAbi, blockNumber: block } as const;
  const [ledger, accounts, liabilities, usdcHeld] = await Promise.all([
    ledgerTotals(sql),
    onChainAccounts(sql),
    chain.client.readContract({ ...escrow, functionName: "liabilities" }),
    chain.client.readContract({
      address: chain.usdc,
      abi: erc20Abi,
      functionName: "balanceOf",
      args: [chain.escrow],
      blockNumber: block,
    }),
  ]);
  const differences: Difference[] = [];
  const check = (what: string, inLedger: bigint, inChainMicro: bigint) => {
    const onChain = inChainMicro * NANO_PER_MICRO;
    if (inLedger !== onChain) differences.push({ what, ledger: inLedger, chain: onChain });
  };
  for (const account of accounts) {
    const args = [Number(account.chain_account)] as const;
    const [word, earner] = await Promise.all([
      chain.client.readContract({ ...escrow, functionName: "accountOf", args }),
      chain.client.readContract({ ...escrow, functionName: "earnerOf", args }),
    ]);
    check(`credit of ${account.account_id}`, account.chain_nano, word.balance);
    check(`debt of ${account.account_id}`, account.debt_nano, BigInt(word.debt));
    const earned = earner.available + BigInt(earner.previous) + BigInt(earner.current);
    check(`earnings of ${account.account_id}`, account.earnings_nano, earned);
  }
  check("liabilities", ledger.credit + ledger.earnings, liabilities);
  check("escrow", ledger.escrow, liabilities);
  if (ledger.usage !== ledger.unsettled)
    differences.push({ what: "usage and unsettled", ledger: ledger.usage, chain: ledger.unsettled });
  return {
    block,
    usdcHeld: usdcHeld * NANO_PER_MICRO,
    liabilities: liabilities * NANO_PER_MICRO,
    ledger,
    differences,
    ok: differences.length === 0 && usdcHeld >= liabilities,
  };
}
