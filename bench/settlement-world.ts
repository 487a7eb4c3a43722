import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { deployEscrow } from "@infr/contracts/testing";
import { accountRef, PRIMARY_SALT } from "@infr/protocol";
import type { Sql } from "postgres";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  http,
  padHex,
  toHex,
  zeroHash,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { startChain } from "../test/chain.ts";

export const SETTLER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const settler = privateKeyToAccount(SETTLER_KEY);
const PLENTY = 10n ** 15n;
const AT_ONCE = 50;

export type Contracts = { rpcUrl: string; escrow: Address; usdc: Address; chainId: number };

/** A chain with the escrow, and account 1 with money. */
export async function openContracts(options: { blockTime?: number } = {}) {
  const chain = await startChain(options);
  const deployed = await deployEscrow({ rpcUrl: chain.rpcUrl, deployerKey: SETTLER_KEY });
  const contracts: Contracts = { rpcUrl: chain.rpcUrl, ...deployed };
  const { usdc, escrow } = deployed;
  await sendAll(contracts, [
    { to: usdc, data: encodeFunctionData({ abi: testUsdcAbi, functionName: "mint", args: [settler.address, PLENTY] }) },
    { to: usdc, data: encodeFunctionData({ abi: testUsdcAbi, functionName: "approve", args: [escrow, PLENTY] }) },
    { to: escrow, data: depositCall(settler.address, 1_000_000_000n) },
  ]);
  return { contracts, wsUrl: chain.wsUrl, stop: chain.stop };
}

export const ownerOf = (n: number): Address => padHex(toHex(0xbe_0000_0000 + n), { size: 20 });

const depositCall = (owner: Address, amount: bigint) =>
  encodeFunctionData({
    abi: creditEscrowAbi,
    functionName: "depositFor",
    args: [owner, PRIMARY_SALT, amount, zeroHash],
  });

/** Opens so many accounts with a balance; their numbers follow account 1's, in order. */
export async function depositForAll(contracts: Contracts, { accounts, amount }: { accounts: number; amount: bigint }) {
  const calls = Array.from({ length: accounts }, (_, n) => ({
    to: contracts.escrow,
    data: depositCall(ownerOf(n), amount),
  }));
  await sendAll(contracts, calls);
}

/** One after the other on the chain, many on their way. */
async function sendAll({ rpcUrl }: Contracts, calls: Array<{ to: Address; data: `0x${string}` }>): Promise<void> {
  const transport = http(rpcUrl);
  const reader = createPublicClient({ transport, pollingInterval: 20, cacheTime: 0 });
  const writer = createWalletClient({ account: settler, transport });
  let nonce = await reader.getTransactionCount({ address: settler.address });
  for (let from = 0; from < calls.length; from += AT_ONCE) {
    const hashes = await Promise.all(
      calls
        .slice(from, from + AT_ONCE)
        .map((call) => writer.sendTransaction({ ...call, nonce: nonce++, gas: 500_000n, chain: null })),
    );
    for (const hash of hashes) {
      const { status } = await reader.waitForTransactionReceipt({ hash, checkReplacement: false });
      if (status !== "success") throw new Error(`${hash} was reverted`);
    }
  }
}

/** Books openings as the events would have been: account `acct_<n>` has the number n + 2. */
export async function bookAccounts(sql: Sql, accounts: number): Promise<void> {
  const refs = Array.from({ length: accounts }, (_, n) => accountRef({ owner: ownerOf(n) }));
  const owners = refs.map((_, n) => ownerOf(n).toLowerCase());
  await sql`
    insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, finality)
    select 'opened:' || n, 'account_opened', 1, '', 0, '', now(), 'final' from generate_series(1, ${accounts + 1}::int) n`;
  await sql`
    update accounts set chain_account = 1, opened_event_id = 'opened:1', owner = ${settler.address.toLowerCase()},
      ref = ${accountRef({ owner: settler.address })}
    where account_id = 'acct_platform'`;
  await sql`
    insert into accounts (account_id, kind, owner, salt, ref, chain_account, opened_event_id)
    select 'acct_' || (n - 1), 'personal', owner, ${zeroHash}, ref, n + 1, 'opened:' || n + 1
    from unnest(${owners}::text[], ${refs}::text[]) with ordinality a(owner, ref, n)`;
}
