import { creditEscrowAbi } from "@infr/contracts/abi";
import { accountRef } from "@infr/protocol";
import { type Hex, parseEventLogs } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type ChainEvent, noteBooked } from "../chain/events-store.ts";
import { sendTransactions } from "../chain/outbox.ts";
import { bookTransfer } from "../flow/credit/book-credit.ts";
import { clearMoves } from "../flow/credit/clear-moves.ts";
import { newId } from "../ids.ts";
import { RICH_KEY, type TestApi, type TestUser } from "./api.ts";
import { eventOf } from "./on-chain.ts";

const rich = privateKeyToAccount(RICH_KEY);

export type Order = { typedData: { message: Record<string, unknown> } & Record<string, unknown>; validUntil: string };
export type Transfer = { id: string; state: string; reason: string | null; order: Order | null };

/** A request of somebody signed in. */
export async function call<T>(
  api: TestApi,
  user: Pick<TestUser, "cookie">,
  { method = "POST", url, payload, key }: { method?: "GET" | "POST"; url: string; payload?: object; key?: string },
): Promise<{ status: number; body: T }> {
  const answer = await api.app.inject({
    method,
    url,
    headers: { cookie: user.cookie, ...(key === undefined ? {} : { "idempotency-key": key }) },
    ...(payload ? { payload } : {}),
  });
  return { status: answer.statusCode, body: answer.json<T>() };
}

/** Prepares a transfer. */
export const prepare = (
  api: TestApi,
  user: TestUser,
  { key = newId("transfer"), ...payload }: { to: object; amount: string; key?: string; memo?: string },
) => call<Transfer & { code?: string }>(api, user, { url: "/api/transfers", payload, key });

/** Signs an order as its wallet would: from its JSON alone. */
export const signOrder = (privateKey: Hex, order: Order | null): Promise<Hex> =>
  privateKeyToAccount(privateKey).signTypedData(order?.typedData as never);

/** Prepares a transfer, signs it and hands the signature in. */
export async function transfer(
  api: TestApi,
  user: TestUser,
  wanted: Parameters<typeof prepare>[2],
): Promise<{ status: number; body: Transfer & { code?: string } }> {
  const prepared = await prepare(api, user, wanted);
  if (prepared.status !== 201) return prepared;
  const { id, order } = prepared.body;
  const signature = await signOrder(user.privateKey, order);
  return call(api, user, { url: `/api/transfers/${id}/signature`, payload: { signature } });
}

/** What the worker does for moves: clears them and brings them to the chain. */
export async function clearAndSend(api: TestApi): Promise<void> {
  const { sql, chain } = api;
  await clearMoves({ sql, chain, clearer: rich, custodian: null, relayer: rich.address });
  await sendTransactions({ sql, chain, account: rich, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });
}

/** The contract's `Transferred` events from a block on, as the indexer would hand them over. */
export async function transferredEvents(api: TestApi, fromBlock: bigint): Promise<ChainEvent[]> {
  const { chain } = api;
  const raw = await chain.client.getLogs({ address: chain.escrow, fromBlock });
  const logs = parseEventLogs({ abi: creditEscrowAbi, eventName: "Transferred", logs: raw });
  return Promise.all(
    logs.map(async ({ args, blockHash, logIndex, blockNumber, transactionHash }) => ({
      ...eventOf({
        kind: "transferred",
        eventId: `${chain.chainId}:${blockHash}:${logIndex}`,
        data: {
          amount: String(args.amount),
          debt_repaid: String(args.debtRepaid),
          memo: args.memo,
          ref: await refOf(api, args.from),
          to_ref: await refOf(api, args.to),
        },
      }),
      block_number: blockNumber,
      block_hash: blockHash,
      log_index: logIndex,
      transaction_hash: transactionHash,
    })),
  );
}

/** Books the transfers since a block that are not booked. */
export async function bookTransfers(api: TestApi, fromBlock: bigint): Promise<void> {
  for (const event of await transferredEvents(api, fromBlock)) {
    await api.sql.begin(async (tx) => {
      if (await noteBooked(tx, event)) await bookTransfer(tx, event);
    });
  }
}

async function refOf({ chain }: TestApi, number: number): Promise<string> {
  const { client, escrow: address } = chain;
  const owner = await client.readContract({ address, abi: creditEscrowAbi, functionName: "ownerOf", args: [number] });
  return accountRef({ owner });
}
