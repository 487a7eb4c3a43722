import { startDemoNode } from "@infr/demo-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { credit, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { grantCredit } from "../testing/lots.ts";

const messages = [{ role: "user" as const, content: "Write 20 tokens." }];

let api: TestApi;
let demo: Awaited<ReturnType<typeof startDemoNode>>;
let operator: TestUser;

beforeAll(async () => {
  api = await startApi();
  demo = await startDemoNode();
  operator = await sellNode(api, { url: demo.url, models: ["demo/small"] });
});
afterAll(async () => {
  await demo.stop();
  await api.stop();
});

const ask = (provider?: object) =>
  operator.openai.chat.completions.create({
    model: "demo/small",
    messages,
    max_tokens: 30,
    ...(provider ? { provider } : {}),
  } as Parameters<typeof operator.openai.chat.completions.create>[0]);
const named = () => ({ only: [operator.accountId] });
const own = () =>
  api.sql<Array<{ cost_nano: bigint; funded_nano: bigint; reported_tokens: bigint; tokens: number }>>`
    select cost_nano, funded_nano, reported_tokens, prompt_tokens + completion_tokens as tokens from usage
    where account_id = ${operator.accountId} and operator_id = ${operator.accountId}`;

describe("one's own node", () => {
  test("error: platform-funded credit does not pay for it", async () => {
    await grantCredit(api.sql, operator.accountId, 5_000_000_000n);
    await expect(ask()).rejects.toMatchObject({ status: 404, code: "own_node" });
    await expect(ask(named())).rejects.toMatchObject({ status: 402, code: "insufficient_quota" });
    expect(await own()).toEqual([]);
  });

  test("behavior: named, it is paid from the account's own credit, whatever is asked at once", async () => {
    await credit(api.sql, operator.accountId, 1_000_000_000n);
    await Promise.all(Array.from({ length: 20 }, () => ask(named())));
    const rows = await own();
    expect(rows).toHaveLength(20);
    for (const row of rows) expect(row).toMatchObject({ funded_nano: 0n, reported_tokens: BigInt(row.tokens) });
    const [balance] = await api.sql<Array<{ funded_nano: bigint; unsettled_nano: bigint; held_nano: bigint }>>`
      select funded_nano, unsettled_nano, held_nano from balances where account_id = ${operator.accountId}`;
    const spent = rows.reduce((sum, { cost_nano: cost }) => sum + cost, 0n);
    expect(balance).toEqual({ funded_nano: 5_000_000_000n, unsettled_nano: spent, held_nano: 0n });
  });

  test("behavior: others' nodes are paid from what the platform gave, as ever", async () => {
    const other = await sellNode(api, { url: api.node.url, models: ["demo/small"] });
    const answer = () =>
      ask({ only: [other.accountId] }).then(
        () => true,
        () => false,
      );
    await expect.poll(answer, { timeout: 5_000 }).toBe(true);
    const rows = await api.sql<Array<{ cost_nano: bigint; funded_nano: bigint }>>`
      select cost_nano, funded_nano from usage where operator_id = ${other.accountId}`;
    expect(rows).toHaveLength(1);
    expect(rows[0]?.funded_nano).toBe(rows[0]?.cost_nano);
  });

  test("error: the database refuses such a row by itself", async () => {
    const change = api.sql.begin(async (tx) => {
      // Without the trigger that keeps the log as it is: the rule stands by itself.
      await tx`set local session_replication_role = replica`;
      await tx`update usage set operator_id = account_id where account_id = ${operator.accountId} and funded_nano > 0`;
    });
    await expect(change).rejects.toMatchObject({ code: "23514", constraint_name: "usage_own_node_is_paid_for" });
  });
});
