import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { costOfTokens, totalOf } from "../metering/cost.ts";
import { pricesOf } from "../metering/store.ts";
import { newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { type Buyer, closeMarket, newBuyer } from "../testing/market.ts";

/** From two cents a month half the price, from a dollar a tenth. */
const volume = [
  { from: "0.02", percent: 50 },
  { from: "1", percent: 10 },
];
const messages = [{ role: "user" as const, content: "Write 50 tokens." }];
let api: TestApi;
let operator: TestUser;
let nodeId: string;
let buyer: Buyer;

beforeAll(async () => {
  api = await startApi();
  operator = await newUser(api);
  const model = {
    promptPerMillion: "100",
    completionPerMillion: "200",
    contextLength: 8_192,
    maxCompletionTokens: 1_024,
  };
  const { body } = await call<{ id: string }>("POST", "/api/nodes", operator, {
    name: "wholesale",
    url: api.node.url,
    models: [{ id: "demo/large", ...model }],
    resources: [{ id: "h100", unit: "gpu-second", pricePerUnit: "0.01" }],
    volume,
  });
  nodeId = body.id;
});
beforeEach(async () => {
  buyer = await newBuyer(api);
});
afterAll(() => closeMarket(api));

type Reply<T> = { status: number; body: T };

async function call<T>(
  method: "GET" | "POST" | "PATCH",
  url: string,
  as: TestUser,
  payload?: object,
): Promise<Reply<T>> {
  const answer = await api.app.inject({ method, url, headers: { cookie: as.cookie }, ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json<T>() };
}

type Row = Record<"prompt_tokens" | "cached_tokens" | "completion_tokens" | "reasoning_tokens", number> & {
  cost_nano: bigint;
  price_version: string;
};
const ask = () => buyer.openai.chat.completions.create({ model: "demo/large", messages, max_tokens: 60 });
const rows = async () =>
  api.sql<Row[]>`select * from usage where account_id = ${buyer.accountId} and units = 0 order by request_id`;
const completionPrice = async ({ price_version: version }: Row) =>
  (await pricesOf(api.sql, version))?.prices.completion;

describe("volume prices", () => {
  test("default: past a step, requests cost less moments later; each bill follows from its version alone", async () => {
    for (let n = 0; n < 3; n++) await ask();
    const newest = async () => {
      await ask();
      const row = (await rows()).at(-1);
      return row && completionPrice(row);
    };
    await expect.poll(newest, { timeout: 15_000, interval: 200 }).toBe(100_000n);
    const billed = await rows();
    expect(billed[0] && (await completionPrice(billed[0]))).toBe(200_000n);
    for (const row of billed) {
      const known = await pricesOf(api.sql, row.price_version);
      if (!known) throw new Error("a version that nobody knows");
      const tokens = {
        prompt: row.prompt_tokens,
        cached: row.cached_tokens,
        completion: row.completion_tokens,
        reasoning: row.reasoning_tokens,
      };
      expect(totalOf(costOfTokens(tokens, known.prices))).toBe(row.cost_nano);
    }
  });

  test("behavior: many at once, on the way to a step: each is billed at the one price that it was held for", async () => {
    await Promise.all(Array.from({ length: 60 }, ask));
    await Promise.all(Array.from({ length: 60 }, ask));
    const prices = new Set(await Promise.all((await rows()).map(completionPrice)));
    expect([...prices].every((price) => [200_000n, 100_000n, 20_000n].includes(price ?? 0n))).toBe(true);
    const spent = (await rows()).reduce((sum, row) => sum + row.cost_nano, 0n);
    expect(await buyer.spent()).toBe(spent);
  });

  test("behavior: what a job uses is priced by the volume of who pays for it", async () => {
    const other = await newBuyer(api);
    const holds = await Promise.all(
      [buyer, other].map(async (payer) => {
        const wanted = { amount: "5", expiresIn: 3_600, nodeId };
        return (await call<{ id: string }>("POST", "/api/holds", payer, wanted)).body.id;
      }),
    );
    const report = async (events: Array<[hold: string | undefined, quantity: number]>) => {
      const payload = {
        nodeId,
        events: events.map(([hold, quantity]) => ({ id: crypto.randomUUID(), hold, resource: "h100", quantity })),
      };
      const { body } = await call<{ events: Array<{ cost: string }> }>("POST", "/api/meter-events", operator, payload);
      return body.events.map(({ cost }) => cost);
    };
    expect(await report([[holds[0], 100]])).toEqual(["1"]);
    await expect.poll(() => report([[holds[0], 1]]), { timeout: 15_000, interval: 200 }).toEqual(["0.001"]);
    const both = await report([
      [holds[0], 1],
      [holds[1], 1],
    ]);
    expect(both).toEqual(["0.001", "0.01"]);
    for (const [index, payer] of [buyer, other].entries()) {
      await api.app.inject({ method: "DELETE", url: `/api/holds/${holds[index]}`, headers: { cookie: payer.cookie } });
    }
  });

  test("default: steps are public, and stay until they are changed", async () => {
    await call("PATCH", `/api/nodes/${nodeId}`, operator, { name: "still wholesale" });
    expect((await call("GET", `/api/nodes/${nodeId}`, operator)).body).toMatchObject({ volume });
    const listed = await api.app.inject({ url: "/v1/models/demo/large/endpoints" });
    const [endpoint] = listed.json<{ data: { endpoints: Array<{ volume_pricing: object[] }> } }>().data.endpoints;
    expect(endpoint?.volume_pricing).toMatchObject([
      { from_usd: "0.02", pricing: { completion: "0.0001" } },
      { from_usd: "1", pricing: { completion: "0.00002" } },
    ]);
  });

  test.each([
    [[{ from: "0", percent: 50 }]],
    [
      [
        { from: "2", percent: 50 },
        { from: "1", percent: 40 },
      ],
    ],
    [
      [
        { from: "1", percent: 50 },
        { from: "2", percent: 50 },
      ],
    ],
    [[{ from: "1", percent: 100 }]],
    [[{ from: "-1", percent: 50 }]],
  ])("error: %j are no steps", async (steps) => {
    expect((await call("PATCH", `/api/nodes/${nodeId}`, operator, { volume: steps })).status).toBe(400);
    expect((await call("GET", `/api/nodes/${nodeId}`, operator)).body).toMatchObject({ volume });
  });

  test("behavior: without a step everybody pays the price again", async () => {
    expect((await call("PATCH", `/api/nodes/${nodeId}`, operator, { volume: [] })).body).toMatchObject({ volume: [] });
    const [row] = await api.sql`select volume_nano from nodes where node_id = ${nodeId}`;
    expect(row).toEqual({ volume_nano: [] });
  });
});
