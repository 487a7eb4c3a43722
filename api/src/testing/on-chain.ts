import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { accountRef, PRIMARY_SALT } from "@infr/protocol";
import { createWalletClient, encodeFunctionData, type Hex, http, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { ChainEvent } from "../chain/events-store.ts";
import type { BatchPolicy } from "../flow/batch/build-batch.ts";
import { bookAccountOpened } from "../flow/deposit/book-account.ts";
import { RICH_KEY, type TestApi, type TestUser } from "./api.ts";

/** Whatever is captured goes into a batch at once, and nothing makes an empty one. */
export const AT_ONCE: BatchPolicy = {
  flushNano: 1n,
  flushAfterSeconds: 0,
  intervalMs: 0,
  fullCaptures: 1,
  heartbeatSeconds: 1_000_000_000,
};

const rich = privateKeyToAccount(RICH_KEY);
const ofToken = { abi: testUsdcAbi };
const ofEscrow = { abi: creditEscrowAbi };

/** One more of the chain's well-known accounts: for what is sent while a worker sends from the first. */
export const OTHER_KEY: Hex = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

/** Calls a contract, as the account that has everything unless another key is given. */
export async function write(api: TestApi, to: Hex, data: Hex, key = RICH_KEY): Promise<void> {
  const wallet = createWalletClient({ account: privateKeyToAccount(key), transport: http(api.chain.rpcUrl) });
  const hash = await wallet.sendTransaction({ to, data, chain: null });
  await api.chain.client.waitForTransactionReceipt({ hash, checkReplacement: false });
}

/** Gives the account that has everything USDC, and the platform's account some of it. */
export async function fundPlatform(api: TestApi): Promise<void> {
  const { usdc, escrow } = api.chain;
  await write(api, usdc, encodeFunctionData({ ...ofToken, functionName: "mint", args: [rich.address, 10n ** 9n] }));
  await write(api, usdc, encodeFunctionData({ ...ofToken, functionName: "approve", args: [escrow, 10n ** 9n] }));
  await write(
    api,
    escrow,
    encodeFunctionData({ ...ofEscrow, functionName: "deposit", args: [1, 100_000_000n, zeroHash] }),
  );
}

/** Deposits for a user, which opens the account in the contract, and books its number. */
export async function openOnChain(api: TestApi, user: TestUser, amount: bigint): Promise<void> {
  const owner = privateKeyToAccount(user.privateKey).address;
  await write(
    api,
    api.chain.escrow,
    encodeFunctionData({ ...ofEscrow, functionName: "depositFor", args: [owner, PRIMARY_SALT, amount, zeroHash] }),
  );
  const number = await api.chain.client.readContract({
    address: api.chain.escrow,
    abi: creditEscrowAbi,
    functionName: "idOf",
    args: [owner],
  });
  const data = { account: String(number), owner: owner.toLowerCase(), ref: accountRef({ owner }) };
  await api.sql`
    insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, finality)
    values (${`opened:${number}`}, 'account_opened', 1, '', 0, '', now(), 'safe')`;
  await api.sql.begin((tx) =>
    bookAccountOpened(tx, eventOf({ kind: "account_opened", eventId: `opened:${number}`, data })),
  );
}

/** Deposits for somebody without a wallet, which opens his account in the contract, and books its number. */
export async function openCustodial(api: TestApi, { accountId }: { accountId: string }, amount: bigint): Promise<void> {
  const [{ owner, salt, ref }] = await api.sql<[{ owner: Hex; salt: Hex; ref: Hex }]>`
    select owner, salt, ref from accounts where account_id = ${accountId}`;
  const args = [owner, salt, amount, zeroHash] as const;
  await write(api, api.chain.escrow, encodeFunctionData({ ...ofEscrow, functionName: "depositFor", args }));
  await bookOpenings(api, [ref]);
}

/** Books the numbers of accounts that were opened on the chain; without `refs`, of all that the platform has opened. */
export async function bookOpenings(api: TestApi, refs?: Hex[]): Promise<void> {
  const opened = await api.sql<Array<{ ref: Hex; owner: Hex }>>`
    select ref, owner from accounts a where chain_account is null
      and ${refs ? api.sql`ref in ${api.sql(refs)}` : api.sql`exists (select from transactions t where t.cause = 'open:' || a.account_id)`}`;
  const { client, escrow: address } = api.chain;
  for (const { ref, owner } of opened) {
    const number = await client.readContract({ address, ...ofEscrow, functionName: "idOfRef", args: [ref] });
    if (number === 0) continue;
    const eventId = `opened:${number}`;
    await api.sql`
      insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, finality)
      values (${eventId}, 'account_opened', 1, '', 0, '', now(), 'safe')`;
    const data = { account: String(number), owner, ref };
    await api.sql.begin((tx) => bookAccountOpened(tx, eventOf({ kind: "account_opened", eventId, data })));
  }
}

/** An event as the indexer would hand it over. */
export const eventOf = ({
  kind,
  eventId,
  data,
}: {
  kind: ChainEvent["kind"];
  eventId: string;
  data: Record<string, string>;
}): ChainEvent => ({
  event_id: eventId,
  kind,
  block_number: 1n,
  block_hash: `0x${"b".repeat(64)}`,
  log_index: 0,
  transaction_hash: `0x${"c".repeat(64)}`,
  happened_at: new Date(),
  times_booked: 0,
  data,
});
