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
