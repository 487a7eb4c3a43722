import { erc20Abi, parseAbiItem } from "viem";
import { blockHashAt } from "../../../chain/blocks.ts";
import type { Chain } from "../../../chain/open.ts";
import type { Sql } from "../../../db/types.ts";
import { runAlone } from "../run-alone.ts";
import { saveScan, scanOf } from "../scan-store.ts";
import { giveAddresses } from "./address.ts";
import { addressesToLookAt, allAddresses, markTouched, saveBalance } from "./store.ts";

const LOCK = 4_927_010;
const SCAN = "deposit addresses";
/** Blocks in one question: nodes refuse longer ones. */
const WINDOW = 2_000n;
/** Addresses in one question. */
const TOPICS = 500;
const LOOKS = 100;
/** Of addresses where nothing was seen to come in: a node may have kept a log from us. */
const OTHER_LOOKS = 10;
const STALE_SECONDS = 3_600;

export const transferEvent = parseAbiItem("event Transfer(address indexed from, address indexed to, uint256 value)");

type Context = { sql: Sql; chain: Chain };

/**
 * One round of watching: new accounts get their addresses; USDC's logs tell which addresses something came to; those are
 * looked at. Logs are only hints, balances are asked for: so it does not matter if a log is seen twice, or a block with
 * one is reorganised away.
 */
export const watchAddresses = ({ sql, chain }: Context): Promise<void> =>
  runAlone(sql, LOCK, async () => {
    await giveAddresses({ sql, chain });
    await scan({ sql, chain });
    await look({ sql, chain });
  });

async function scan({ sql, chain }: Context): Promise<void> {
  const { client } = chain;
  const from = await nextBlock({ sql, chain });
  const head = await client.getBlock();
  if (head.number < from) return;
  const last = head.number - from >= WINDOW ? await client.getBlock({ blockNumber: from + WINDOW - 1n }) : head;
  const addresses = await allAddresses(sql);
  const touched = new Set<string>();
  for (let at = 0; at < addresses.length; at += TOPICS) {
    const logs = await client.getLogs({
      address: chain.usdc,
      event: transferEvent,
      args: { to: addresses.slice(at, at + TOPICS) as `0x${string}`[] },
      fromBlock: from,
      toBlock: last.number,
    });
    for (const { args } of logs) if (args.to) touched.add(args.to.toLowerCase());
  }
  await sql.begin(async (tx) => {
    if (touched.size > 0) await markTouched(tx, [...touched]);
    await saveScan(tx, { name: SCAN, next_block: last.number + 1n, last_hash: last.hash });
  });
}

/** Where to go on. Before the first time every address is looked at, so the past need not be; after a reorganisation from what is safe on. */
async function nextBlock({ sql, chain: { client } }: Context): Promise<bigint> {
  const known = await scanOf(sql, SCAN);
  if (!known) return client.getBlockNumber();
  if (known.next_block === 0n || known.last_hash === null) return known.next_block;
  const canonical = await blockHashAt(client, known.next_block - 1n);
  if (canonical === null || canonical === known.last_hash) return known.next_block;
  const { number: safe } = await client.getBlock({ blockTag: "safe" });
  return safe < known.next_block ? safe + 1n : known.next_block;
}

async function look({ sql, chain }: Context): Promise<void> {
  const rows = await addressesToLookAt(sql, { limit: LOOKS, others: OTHER_LOOKS, staleSeconds: STALE_SECONDS });
  await Promise.all(
    rows.map(async ({ account_id: accountId, address }) => {
      const balanceMicro = await chain.client.readContract({
        address: chain.usdc,
        abi: erc20Abi,
        functionName: "balanceOf",
        args: [address],
      });
      await saveBalance(sql, { accountId, balanceMicro });
    }),
  );
}
