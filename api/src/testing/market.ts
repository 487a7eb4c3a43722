import { expect, vi } from "vitest";
import { readBalance } from "../ledger/balance.ts";
import { differences } from "../ledger/store.ts";
import { credit, newUser, sellNode, startApi, type TestApi, type TestUser } from "./api.ts";

/** What `sellNode` asks for, in nano-dollars per token. */
export const PROMPT_NANO = 100_000n;
export const COMPLETION_NANO = 200_000n;
const TEN_DOLLARS = 10_000_000_000n;

/** The API with the demo node for sale. */
export async function startMarket(): Promise<TestApi> {
  const api = await startApi();
  await sellNode(api, { url: api.node.url, models: ["demo/small", "demo/large"] });
  return api;
}

/** Stops it, once nothing is held and every balance is the sum of its entries. */
export async function closeMarket(api: TestApi): Promise<void> {
  await vi.waitFor(async () => expect(await holdsOf(api)).toBe(0), { timeout: 10_000 });
  expect(await differences(api.sql)).toEqual([]);
  await api.stop();
}

/** A buyer with ten dollars, and what became of them. */
export type Buyer = TestUser & { spent: () => Promise<bigint>; usage: () => Promise<UsageRow[]> };

export type UsageRow = {
  request_id: string;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  cost_nano: bigint;
  status: string;
  usage_source: string;
};

export async function newBuyer(api: TestApi): Promise<Buyer> {
  const user = await newUser(api);
  await credit(api.sql, user.accountId, TEN_DOLLARS);
  return {
    ...user,
    spent: async () => TEN_DOLLARS - (await readBalance(api.sql, user.accountId)).spendable,
    usage: async () =>
      api.sql<UsageRow[]>`select * from usage where account_id = ${user.accountId} order by request_id`,
  };
}

export async function holdsOf(api: TestApi): Promise<number> {
  return (await api.sql`select from holds`).length;
}

/** Sends a body as it stands, which no client library would. */
export async function post(
  api: TestApi,
  { path, body, key, headers = {} }: { path: string; body: unknown; key?: string; headers?: Record<string, string> },
): Promise<Response> {
  return fetch(`${api.origin}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
    body: typeof body === "string" || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
  });
}
