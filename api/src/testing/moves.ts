import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Hex, parseEventLogs } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type ChainEvent, noteBooked } from "../chain/events-store.ts";
import { sendTransactions } from "../chain/outbox.ts";
import { bookTransfer, bookVoucherClosed, bookVoucherCreated } from "../flow/credit/book-credit.ts";
import { claimForKnown } from "../flow/credit/claim-credit.ts";
import { clearMoves } from "../flow/credit/clear-moves.ts";
import { submitWaiting } from "../flow/credit/submit-waiting.ts";
import { newId } from "../ids.ts";
import { CUSTODIAN_KEY, RICH_KEY, type TestApi, type TestUser } from "./api.ts";
import { eventOf } from "./on-chain.ts";

const MOST_ROUNDS = 200;
const rich = privateKeyToAccount(RICH_KEY);
const custodian = privateKeyToAccount(CUSTODIAN_KEY);

export type Order = { typedData: { message: Record<string, unknown> } & Record<string, unknown>; validUntil: string };

/** What routes of transfers and gifts answer, one with the other. */
export type Answer = {
  id: string;
  state: string;
  reason: string | null;
  order: Order | null;
  /** Of a new gift, or of an error. */
  code: string | null;
  voucher: string;
  gift: { state: string };
  call: { to: Hex; data: Hex } | null;
  /** Of a new API key. */
  key: string;
};

/** A request of somebody signed in. */
export async function call(
  api: TestApi,
  user: Pick<TestUser, "cookie">,
  { method = "POST", url, payload, key }: { method?: "GET" | "POST"; url: string; payload?: object; key?: string },
): Promise<{ status: number; body: Answer }> {
  const answer = await api.app.inject({
    method,
    url,
    headers: { cookie: user.cookie, ...(key === undefined ? {} : { "idempotency-key": key }) },
    ...(payload ? { payload } : {}),
  });
  return { status: answer.statusCode, body: answer.json<Answer>() };
}

/** Prepares a transfer. */
export const prepare = (
  api: TestApi,
  user: TestUser,
  { key = newId("transfer"), ...payload }: { to: object; amount: string; key?: string; memo?: string },
) => call(api, user, { url: "/api/transfers", payload, key });

/** Signs an order as its wallet would: from its JSON alone. */
export const signOrder = (privateKey: Hex, order: Order | null): Promise<Hex> =>
  privateKeyToAccount(privateKey).signTypedData(order?.typedData as never);

/** Prepares a transfer, signs it and hands the signature in. */
export async function transfer(
  api: TestApi,
  user: TestUser,
  wanted: Parameters<typeof prepare>[2],
): Promise<{ status: number; body: Answer }> {
  const prepared = await prepare(api, user, wanted);
  if (prepared.status !== 201) return prepared;
  const { id, order } = prepared.body;
  const signature = await signOrder(user.privateKey, order);
  return call(api, user, { url: `/api/transfers/${id}/signature`, payload: { signature } });
}

/** Clears what is set aside, as the worker does, and sends nothing. */
export const clear = ({ sql, chain }: TestApi): Promise<void> =>
  clearMoves({ sql, chain, clearer: rich, custodian, platform: rich, relayer: rich.address });

/** What the worker does for moves: clears them and brings them to the chain. */
export async function clearAndSend(api: TestApi): Promise<void> {
  const { sql, chain, config } = api;
  const outside = { screener: null, directories: null };
  const context = { ...config, ...outside, sql, chain, relayer: rich.address, custodian: config.custodianAddress };
  await submitWaiting(context);
  await claimForKnown(context);
  await clear(api);
  for (const account of [rich, custodian])
    await sendTransactions({ sql, chain, account, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });
}

const BOOK = {
  Transferred: { kind: "transferred", book: bookTransfer },
  VoucherCreated: { kind: "voucher_created", book: bookVoucherCreated },
  VoucherClosed: { kind: "voucher_closed", book: bookVoucherClosed },
} as const;

/** The contract's events about moves from a block on, as the indexer would hand them over. */
export async function moveEvents(api: TestApi, fromBlock: bigint): Promise<ChainEvent[]> {
  const { chain } = api;
  const raw = await chain.client.getLogs({ address: chain.escrow, fromBlock });
  const names = Object.keys(BOOK) as Array<keyof typeof BOOK>;
  const logs = parseEventLogs({ abi: creditEscrowAbi, eventName: names, logs: raw });
  return Promise.all(
    logs.map(async ({ eventName, args, blockHash, logIndex, blockNumber, transactionHash }) => ({
      ...eventOf({
        kind: BOOK[eventName].kind,
        eventId: `${chain.chainId}:${blockHash}:${logIndex}`,
        data: {
          amount: String(args.amount),
          ref: await refOf(api, "from" in args ? args.from : args.to),
          ...("debtRepaid" in args ? { debt_repaid: String(args.debtRepaid), to_ref: await refOf(api, args.to) } : {}),
          ...("memo" in args ? { memo: args.memo } : { key: args.key.toLowerCase() }),
          ...("redeemed" in args ? { redeemed: String(args.redeemed) } : {}),
        },
      }),
      block_number: blockNumber,
      block_hash: blockHash,
      log_index: logIndex,
      transaction_hash: transactionHash,
    })),
  );
}

/** Books the moves since a block that are not booked. */
export async function bookMoves(api: TestApi, fromBlock: bigint): Promise<void> {
  for (const event of await moveEvents(api, fromBlock)) {
    const { book } = Object.values(BOOK).find(({ kind }) => kind === event.kind) ?? BOOK.Transferred;
    await api.sql.begin(async (tx) => {
      if (await noteBooked(tx, event)) await book(tx, event);
    });
  }
}

/** What worker, indexer and follower do, until every move that is on its way has come or failed. */
export async function carryOut(api: TestApi, fromBlock: bigint): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    await clearAndSend(api);
    await bookMoves(api, fromBlock);
    const [open] = await api.sql<[{ n: number }]>`
      select count(*)::int as n from (
        select from transactions where state in ('queued', 'sent')
        union all
        select from moves m left join transactions t using (transaction_id)
        where (m.state = 'pending' and m.moved_event_id is null and t.state is distinct from 'failed')
          or (m.state = 'awaiting_signature' and m.is_custodial)
      ) o`;
    if (open.n === 0) return;
  }
  throw new Error("moves are on their way still");
}

async function refOf({ sql }: TestApi, number: number): Promise<string> {
  const [row] = await sql<Array<{ ref: string }>>`select ref from accounts where chain_account = ${number}`;
  if (!row) throw new Error(`account ${number} is not booked`);
  return row.ref;
}
