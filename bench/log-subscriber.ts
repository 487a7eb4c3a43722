import { creditEscrowAbi } from "@infr/contracts/abi";
import postgres from "postgres";
import { type Block, createPublicClient, type Hex, parseEventLogs, webSocket } from "viem";

/**
 * The yardstick of the index lag: subscribes to blocks, asks for the contract's logs of each and inserts their rows
 * in one statement. It knows neither reorganisations nor restarts nor any event but deposits.
 */
const { DATABASE_URL = "", WS_URL = "", ESCROW_ADDRESS = "" } = process.env;
const sql = postgres(DATABASE_URL, { max: 2, onnotice: () => {} });
await sql`create schema subscriber`;
await sql`
  create table subscriber.deposited (
    id text primary key, chain_id integer not null, block_number bigint not null, block_hash text not null,
    block_timestamp bigint not null, log_index integer not null, transaction_hash text not null,
    transaction_from text not null, account bigint not null, payer text not null, rail integer not null,
    amount numeric(78) not null, debt_repaid bigint not null, memo text not null)`;
const client = createPublicClient({ transport: webSocket(WS_URL) });

let waiting = Promise.resolve();
client.watchBlocks({
  includeTransactions: true,
  emitMissed: true,
  onBlock: (block) => {
    waiting = waiting.then(() => insert(block));
  },
});

async function insert(block: Block<bigint, true, "latest">): Promise<void> {
  const logs = await client.getLogs({ blockHash: block.hash, address: ESCROW_ADDRESS as Hex });
  if (logs.length === 0) return;
  const senders = new Map(block.transactions.map(({ hash, from }) => [hash, from]));
  const events = parseEventLogs({ abi: creditEscrowAbi, eventName: "Deposited", logs });
  const rows = events.map(({ args, logIndex, transactionHash }) => ({
    id: `31337:${block.hash}:${logIndex}`,
    chain_id: 31_337,
    block_number: String(block.number),
    block_hash: block.hash,
    block_timestamp: String(block.timestamp),
    log_index: logIndex,
    transaction_hash: transactionHash,
    transaction_from: senders.get(transactionHash) ?? "",
    account: args.account,
    payer: args.payer.toLowerCase(),
    rail: args.rail,
    amount: String(args.amount),
    debt_repaid: args.debtRepaid,
    memo: args.memo,
  }));
  await sql`insert into subscriber.deposited ${sql(rows)}`;
}
