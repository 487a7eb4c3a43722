import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { type DeployEscrowOptions, deployEscrow, deploySettlerWallet } from "@infr/contracts/testing";
import { nanoUsd } from "@infr/money";
import { accountRef, PRIMARY_SALT } from "@infr/protocol";
import {
  type Address,
  createWalletClient,
  encodeFunctionData,
  type Hex,
  http,
  type LocalAccount,
  parseEventLogs,
  zeroHash,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { startChain } from "../../../test/chain.ts";
import { type Chain, openChain } from "../chain/open.ts";
import type { Sql } from "../db/types.ts";
import { bookAccountOpened } from "../flow/deposit/book-account.ts";
import { bookSettlement } from "../flow/settle/book-settlement.ts";
import { isSigned, settleCall } from "../flow/settle/settle-call.ts";
import { openBatch } from "../flow/settle/store.ts";
import { bookEntries } from "../ledger/entries.ts";
import { RICH_KEY } from "./api.ts";
import { testDatabase } from "./database.ts";
import { eventOf } from "./on-chain.ts";

const rich = privateKeyToAccount(RICH_KEY);
const MINTED = 10n ** 15n;
/** Nearly the most that a transaction may have (EIP-7825). */
const GAS = 16_000_000n;
const BLOCK_HASH = `0x${"b".repeat(64)}`;

/** Ledger and contract with nothing in between: captures are written, batches settled, as the parts around would. */
export type Settlement = { sql: Sql; url: string; chain: Chain; usdc: Address; stop: () => Promise<void> };

/** A database and a chain of its own; account 1 has `platformMicro`; with a co-signer, the settler is a wallet of two. */
export async function startSettlement({
  platformMicro = 100_000_000n,
  cosigner,
  ...options
}: { platformMicro?: bigint; cosigner?: Address } & Pick<
  DeployEscrowOptions,
  "capacity" | "window"
> = {}): Promise<Settlement> {
  const [{ sql, url, drop }, local] = await Promise.all([testDatabase(), startChain()]);
  const by = { rpcUrl: local.rpcUrl, deployerKey: RICH_KEY };
  const wallet = cosigner && (await deploySettlerWallet({ ...by, settler: rich.address, cosigner }));
  const contracts = await deployEscrow({ ...options, ...by, ...(wallet && { settler: wallet }) });
  const chain = openChain({ ...contracts, rpcUrl: local.rpcUrl, viewsSchema: "indexer" });
  await sql`create schema indexer`;
  for (const table of ["overdrawn", "written_off"]) {
    await sql`create table indexer.${sql(table)} (account numeric, amount numeric, block_hash text, seq numeric)`;
  }
  const { escrow, usdc } = contracts;
  const ofToken = { abi: testUsdcAbi };
  await send(chain, usdc, encodeFunctionData({ ...ofToken, functionName: "mint", args: [rich.address, MINTED] }));
  await send(chain, usdc, encodeFunctionData({ ...ofToken, functionName: "approve", args: [escrow, MINTED] }));
  const settlement = {
    sql,
    url,
    chain,
    usdc,
    stop: async () => {
      await local.stop();
      await drop();
    },
  };
  await deposit(settlement, { owner: rich.address, amount: platformMicro });
  await bookOpened(sql, { number: 1, owner: rich.address });
  await credit(sql, "acct_platform", platformMicro);
  return settlement;
}

/** Calls a contract as the account that has everything. */
export async function send(chain: Chain, to: Address, data: Hex): Promise<Hex> {
  const wallet = createWalletClient({ account: rich, transport: http(chain.rpcUrl) });
  // More than is estimated: what refills with time costs more or less a second later.
  const hash = await wallet.sendTransaction({ to, data, chain: null, gas: GAS });
  const { status } = await chain.client.waitForTransactionReceipt({
    hash,
    checkReplacement: false,
    pollingInterval: 20,
  });
  if (status !== "success") throw new Error(`${hash} was reverted`);
  return hash;
}

async function deposit({ chain }: Pick<Settlement, "chain">, { owner, amount }: { owner: Address; amount: bigint }) {
  const args = [owner, PRIMARY_SALT, amount, zeroHash] as const;
  await send(chain, chain.escrow, encodeFunctionData({ abi: creditEscrowAbi, functionName: "depositFor", args }));
}

/** An account with a balance, in the contract and in the ledger, whose number is lasting. */
export async function openAccount(
  { sql, chain }: Settlement,
  { owner, balance = 5_000_000n }: { owner: Address; balance?: bigint },
): Promise<string> {
  await deposit({ chain }, { owner, amount: balance });
  const read = { address: chain.escrow, abi: creditEscrowAbi, functionName: "idOf", args: [owner] } as const;
  const accountId = await bookOpened(sql, { number: await chain.client.readContract(read), owner });
  await credit(sql, accountId, balance);
  return accountId;
}

/** Books that the contract has opened an account, under a lasting number. @returns it */
export async function bookOpened(sql: Sql, { number, owner }: { number: number; owner: Address }): Promise<string> {
  const data = { account: String(number), owner: owner.toLowerCase(), ref: accountRef({ owner }) };
  await sql`
    insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, finality)
    values (${`opened:${number}`}, 'account_opened', 1, '', 0, '', now(), 'safe')`;
  await sql.begin((tx) =>
    bookAccountOpened(tx, eventOf({ kind: "account_opened", eventId: `opened:${number}`, data })),
  );
  const [row] = await sql<
    Array<{ account_id: string }>
  >`select account_id from accounts where chain_account = ${number}`;
  return row?.account_id ?? "";
}

async function credit(sql: Sql, accountId: string, micro: bigint): Promise<void> {
  const entry = { debit: { book: "escrow", account: "" }, credit: { book: "credit", account: accountId } } as const;
  await sql.begin((tx) =>
    bookEntries(tx, { cause: `deposit:${accountId}`, entries: [{ ...entry, amount: nanoUsd(micro * 1_000n) }] }),
  );
}

/** Brings the signed batch to the chain, and books what the chain says of it. */
export async function settleAndBook({ sql, chain }: Settlement): Promise<{ gasUsed: bigint; seq: bigint }> {
  const batch = await openBatch(sql);
  if (!batch || !isSigned(batch)) throw new Error("no batch is signed");
  const hash = await send(chain, chain.escrow, settleCall(batch));
  const receipt = await chain.client.getTransactionReceipt({ hash });
  const logs = parseEventLogs({ abi: creditEscrowAbi, logs: receipt.logs });
  for (const { eventName, args } of logs) {
    if (eventName !== "Overdrawn" && eventName !== "WrittenOff") continue;
    const table = sql(eventName === "Overdrawn" ? "overdrawn" : "written_off");
    await sql`insert into indexer.${table} values (${args.account}, ${args.amount.toString()}, ${BLOCK_HASH}, ${args.seq.toString()})`;
  }
  const settled = logs.find(({ eventName }) => eventName === "BatchSettled");
  if (settled?.eventName !== "BatchSettled") throw new Error("nothing was settled");
  const eventId = `settled:${settled.args.seq}`;
  await sql`
    insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at)
    values (${eventId}, 'batch_settled', 1, '', 0, '', now())`;
  const { seq, batchHash, platformNet } = settled.args;
  const data = { seq: String(seq), batch_hash: batchHash, platform_net: String(platformNet) };
  const event = eventOf({ kind: "batch_settled", eventId, data });
  await sql.begin((tx) => bookSettlement(tx, event, { viewsSchema: "indexer" }));
  return { gasUsed: receipt.gasUsed, seq };
}

/** The settler that contracts have in tests. */
export const settler: LocalAccount = rich;
