import { nanoUsd } from "@infr/money";
import { priceVersionOf } from "@infr/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { NotFoundError } from "../errors.ts";
import { testDatabase } from "../testing/database.ts";
import { weekOf } from "./percents.ts";
import { PriceBook, UnknownModelError } from "./price-book.ts";
import { type NewOffer, pricesOf, saveOffer } from "./store.ts";

const NODE = "node_1";
const rules = { maxPerToken: nanoUsd(100_000n), tierMultiple: 10, maxPerUnit: nanoUsd(10n ** 10n) };
const unset = { prompt: null, cached: null, completion: null, reasoning: null };
const model: NewOffer = {
  nodeId: NODE,
  kind: "model",
  product: "llama-8b",
  parametersMillions: 8_000,
  supportedParameters: null,
  contextTokens: 8_192,
  maxCompletionTokens: 1_024,
  asked: unset,
  unit: "",
  perUnit: null,
  path: null,
};
const resource: NewOffer = {
  ...model,
  kind: "resource",
  product: "h100",
  parametersMillions: null,
  contextTokens: null,
  maxCompletionTokens: null,
  unit: "gpu-second",
  perUnit: 1_000_000n,
};

let database: Awaited<ReturnType<typeof testDatabase>>;
const moment = { at: new Date("2026-11-23T10:00:00Z"), load: 0 };
const openBook = () => new PriceBook({ sql: database.sql, rules, now: () => moment.at, loadOf: () => moment.load });
const save = (offer: NewOffer) => database.sql.begin((tx) => saveOffer(tx, offer));

beforeAll(async () => {
  database = await testDatabase();
  const { sql } = database;
  await sql`insert into accounts (account_id, kind, owner, ref)
    values ('acct_1', 'personal', ${`0x${"1".repeat(40)}`}, ${`0x${"1".repeat(64)}`})`;
  await sql`insert into nodes (node_id, account_id, name, url, schedule, capacity, demand_percent)
    values (${NODE}, 'acct_1', 'n', 'http://n', ${weekOf([{ day: 1, from: 11, to: 12, percent: 50 }])}::smallint[], 4, 200)`;
});
afterAll(() => database.drop());

describe("PriceBook", () => {
  test("default: what is offered can be priced again from its version alone", async () => {
    await save(model);
    await save(resource);
    const [offer] = await openBook().offersOf("llama-8b");
    expect(offer?.prices).toEqual({ prompt: 100n, cached: 100n, completion: 150n, reasoning: 150n });
    const known = await pricesOf(database.sql, offer?.priceVersion ?? "");
    expect(known?.prices).toMatchObject({ node: NODE, product: "llama-8b", completion: 150n });
    expect(known && priceVersionOf(known.prices)).toBe(offer?.priceVersion);
    const sold = await openBook().resourceOf({ nodeId: NODE, resource: "h100" });
    expect(sold).toMatchObject({ unit: "gpu-second", perUnit: 1_000_000n });
    expect((await pricesOf(database.sql, sold.priceVersion))?.prices).toMatchObject({
      unit: "gpu-second",
      kind: "resource",
    });
  });

  test("behavior: hour, demand and operator change the price a second later; what was chosen stays as it was", async () => {
    await save(model);
    vi.useFakeTimers({ toFake: ["performance"] });
    const book = openBook();
    const [chosen] = await book.offersOf("llama-8b");
    const before = structuredClone(chosen);
    moment.at = new Date("2026-11-23T11:30:00Z");
    vi.advanceTimersByTime(1_001);
    expect((await book.offersOf("llama-8b"))[0]?.prices.completion).toBe(75n);
    moment.load = 4;
    vi.advanceTimersByTime(1_001);
    expect((await book.offersOf("llama-8b"))[0]?.prices.completion).toBe(150n);
    await save({ ...model, asked: { ...unset, prompt: 1_000n, completion: 1_500n } });
    vi.advanceTimersByTime(1_001);
    expect((await book.offersOf("llama-8b"))[0]?.prices.completion).toBe(1_500n);
    Object.assign(moment, { at: new Date("2026-11-23T10:00:00Z"), load: 0 });
    vi.useRealTimers();
    expect(chosen).toEqual(before);
    expect((await pricesOf(database.sql, before?.priceVersion ?? ""))?.prices.completion).toBe(150n);
  });

  test("behavior: who has used more of an operator's nodes this month pays the price of the step reached", async () => {
    const { sql } = database;
    await save(model);
    await save(resource);
    await sql`update nodes set volume_nano = '{1000,5000}', volume_percent = '{50,20}' where node_id = ${NODE}`;
    await sql`insert into nodes (node_id, account_id, name, url)
      select 'node_' || name, account, name, 'http://' || name
      from (values ('sister', 'acct_1'), ('stranger', 'acct_platform')) n(name, account)`;
    const use = (accountId: string, day: string, node: string, cost: bigint) => sql`
      insert into usage_deltas (account_id, day, model, node_id, key_id, user_id, status, requests, prompt_tokens,
        cached_tokens, completion_tokens, reasoning_tokens, units, cost_nano, funded_nano)
      values (${accountId}, ${day}::text::date, 'm', ${node}, '', '', 'ok', 1, 0, 0, 0, 0, 0, ${cost}, 0)`;
    await use("buyer", "2026-11-01", NODE, 400n);
    await use("buyer", "2026-11-30", "node_sister", 600n);
    await use("newcomer", "2026-10-31", NODE, 9_000n);
    await use("newcomer", "2026-12-01", NODE, 9_000n);
    await use("newcomer", "2026-11-02", "node_stranger", 9_000n);
    await use("newcomer", "2026-11-02", NODE, 999n);
    await use("whale", "2026-11-02", NODE, 5_000n);
    const book = openBook();
    const pays = async (buyer: string) => {
      const [offer] = await book.forBuyer(await book.offersOf("llama-8b"), buyer);
      const [sold] = await book.forBuyer([await book.resourceOf({ nodeId: NODE, resource: "h100" })], buyer);
      const known = await Promise.all([offer, sold].map((of) => pricesOf(sql, of?.priceVersion ?? "")));
      expect([offer?.prices.completion, sold?.perUnit]).toEqual([
        known[0]?.prices.completion,
        known[1]?.prices.perUnit,
      ]);
      return [offer?.prices.completion, sold?.perUnit];
    };
    expect(await pays("nobody")).toEqual([150n, 1_000_000n]);
    expect(await pays("newcomer")).toEqual([150n, 1_000_000n]);
    expect(await pays("buyer")).toEqual([75n, 500_000n]);
    expect(await pays("whale")).toEqual([30n, 200_000n]);
    const at = moment.at;
    moment.at = new Date("2026-12-01T00:00:00Z");
    expect(await pays("newcomer")).toEqual([30n, 200_000n]);
    expect(await pays("whale")).toEqual([150n, 1_000_000n]);
    moment.at = at;
    await sql`update nodes set volume_nano = '{}', volume_percent = '{}'`;
  });

  test("error: steps without a price, above it or below a tenth of it are no volume prices", async () => {
    const { sql } = database;
    const set = (nano: string, percent: string) =>
      sql`update nodes set volume_nano = ${nano}::text::bigint[], volume_percent = ${percent}::text::smallint[]`;
    for (const [nano, percent] of [
      ["{1,2}", "{50}"],
      ["{0}", "{50}"],
      ["{1}", "{100}"],
      ["{1}", "{9}"],
    ] as const) {
      await expect(set(nano, percent)).rejects.toMatchObject({ code: "23514" });
    }
  });

  test("behavior: many processes write the same versions at once, each is there once", async () => {
    for (let n = 0; n < 20; n++) await save({ ...model, product: `many-${n}-8b` });
    const books = await Promise.all(Array.from({ length: 8 }, () => openBook().all()));
    const versions = books.map((book) => [...book.values()].flat().map(({ priceVersion }) => priceVersion));
    for (const of of versions) expect(of).toEqual(versions[0]);
    expect(new Set(versions[0]).size).toBe(versions[0]?.length);
  });

  test("error: what has no price is not for sale, not even by its name", async () => {
    const book = openBook();
    await expect(book.offersOf("h100")).rejects.toBeInstanceOf(UnknownModelError);
    await expect(book.resourceOf({ nodeId: NODE, resource: "llama-8b" })).rejects.toBeInstanceOf(NotFoundError);
    await expect(save({ ...model, product: "no price", parametersMillions: null })).rejects.toThrow("check");
  });

  test("error: a version never changes and never names two sets of prices", async () => {
    const { sql } = database;
    await expect(sql`update prices set prompt_nano = 0`).rejects.toMatchObject({ code: "23001" });
    await expect(sql`delete from prices`).rejects.toMatchObject({ code: "23001" });
    await expect(
      sql`insert into prices (price_version, node_id, model, prompt_nano, cached_nano, completion_nano, reasoning_nano)
        select ${`0x${"0".repeat(64)}`}, node_id, model, prompt_nano, cached_nano, completion_nano, reasoning_nano
        from prices where kind = 'model' limit 1`,
    ).rejects.toMatchObject({ code: "23505" });
  });
});
