import { startDemoNode } from "@infr/demo-node";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testDatabase } from "../testing/database.ts";
import { openNodeAgent } from "./call-node.ts";
import { Canaries } from "./canaries.ts";
import { anyNodeLive, claimCanaries, healthByDay, healthOfNodes, trimHealth, writeNodeHealth } from "./health-store.ts";
import { NodeHealth } from "./node-health.ts";

const EVERY_MS = 3_600_000;
const agent = openNodeAgent({ allowPrivate: true });
let database: Awaited<ReturnType<typeof testDatabase>>;
let demo: Awaited<ReturnType<typeof startDemoNode>>;

const open = () => new Canaries({ sql: database.sql, agent, everyMs: EVERY_MS, logger: pino({ level: "silent" }) });
/** One round, however long ago the last one was. */
async function round(): Promise<number> {
  await database.sql`update nodes set canary_at = now()`;
  const canaries = open();
  const begun = await canaries.begin();
  await canaries.ended();
  return begun;
}
const state = async (nodeId: string) =>
  (await database.sql`select live, canary_failures, canary_ms from nodes where node_id = ${nodeId}`)[0];
const sumOf = async (nodeId: string) =>
  (await healthOfNodes(database.sql, { nodeIds: [nodeId], hours: 1 })).get(nodeId);

async function addNode(nodeId: string, { url, kind = "model" }: { url: string; kind?: "model" | "resource" }) {
  const { sql } = database;
  await sql`insert into nodes (node_id, account_id, name, url) values (${nodeId}, 'acct_1', ${nodeId}, ${url})`;
  if (kind === "model") {
    await sql`insert into node_models (node_id, model, context_tokens, max_completion_tokens, prompt_nano, completion_nano)
      values (${nodeId}, 'demo/small', 1000, 100, 1, 1)`;
  } else {
    await sql`insert into node_models (node_id, model, kind, unit, unit_nano) values (${nodeId}, 'h100', 'resource', 'gpu-second', 1)`;
  }
}

beforeAll(async () => {
  database = await testDatabase();
  demo = await startDemoNode();
  await database.sql`insert into accounts (account_id, kind, owner, ref)
    values ('acct_1', 'personal', ${`0x${"1".repeat(40)}`}, ${`0x${"1".repeat(64)}`})`;
});
beforeEach(async () => {
  demo.setFaults({});
  await database.sql`truncate node_health, node_models`;
  await database.sql`delete from nodes`;
});
afterAll(async () => {
  await demo.stop();
  await agent.destroy();
  await database.drop();
});

describe("Canaries", () => {
  test("default: a node is asked when it is due, and not before the next time", async () => {
    await addNode("node_1", { url: demo.url });
    const canaries = open();
    expect([await canaries.begin(), await canaries.begin()]).toEqual([1, 0]);
    await canaries.ended();
    expect(await state("node_1")).toMatchObject({
      live: true,
      canary_failures: 0,
      canary_ms: expect.any(Number) as number,
    });
    expect(await sumOf("node_1")).toMatchObject({ canaries: 1n, canary_failures: 0n, requests: 0n });
    expect(await database.sql`select from usage`).toHaveLength(0);
    expect(await database.sql`select from holds`).toHaveLength(0);
  });

  test("behavior: a node that failed for long is not live, and comes back by itself", async () => {
    await addNode("node_1", { url: demo.url });
    demo.setFaults({ status: 500 });
    for (let n = 0; n < 4; n++) await round();
    expect(await state("node_1")).toMatchObject({ live: true, canary_failures: 4 });
    await round();
    expect(await state("node_1")).toMatchObject({ live: false, canary_failures: 5 });
    expect(await anyNodeLive(database.sql)).toBe(false);
    demo.setFaults({});
    await round();
    expect(await state("node_1")).toMatchObject({ live: true, canary_failures: 0 });
    expect(await anyNodeLive(database.sql)).toBe(true);
    expect(await sumOf("node_1")).toMatchObject({ canaries: 6n, canary_failures: 5n });
  });

  test("behavior: many workers at once ask each node once", async () => {
    for (let n = 0; n < 50; n++) await addNode(`node_${n}`, { url: `${demo.url}/?${n}` });
    const claims = await Promise.all(
      Array.from({ length: 8 }, () => claimCanaries(database.sql, { everyMs: EVERY_MS, limit: 50 })),
    );
    const claimed = claims.flat().map(({ node_id: nodeId }) => nodeId);
    expect(claimed).toHaveLength(50);
    expect(new Set(claimed).size).toBe(50);
  });

  test("behavior: what is not for sale, or sells no models, is not asked", async () => {
    await addNode("node_1", { url: demo.url });
    await addNode("node_2", { url: `${demo.url}/`, kind: "resource" });
    await database.sql`update nodes set enabled = false where node_id = 'node_1'`;
    expect(await round()).toBe(0);
    expect(await anyNodeLive(database.sql)).toBe(false);
  });

  test("behavior: stopped, it writes down nothing of what was under way", async () => {
    await addNode("node_1", { url: demo.url });
    const canaries = open();
    await canaries.begin();
    await canaries.stop();
    expect(await state("node_1")).toMatchObject({ canary_failures: 0 });
  });
});

describe("writeNodeHealth", () => {
  test("default: processes add up, and days are summed", async () => {
    await addNode("node_1", { url: demo.url });
    const processes = [new NodeHealth(), new NodeHealth(), new NodeHealth()];
    for (const health of processes) {
      health.begin("node_1").succeeded(3);
      health.begin("node_1").failed();
      health.noteRecount("node_1", { reported: 15, counted: 10, isOver: true });
    }
    await Promise.all(processes.map((health) => writeNodeHealth(database.sql, health)));
    await Promise.all(processes.map((health) => writeNodeHealth(database.sql, health)));
    const sums = {
      requests: 6n,
      failures: 3n,
      recounts: 3n,
      over_reports: 3n,
      reported_tokens: 45n,
      counted_tokens: 30n,
    };
    expect(await sumOf("node_1")).toMatchObject(sums);
    const days = await healthByDay(database.sql, { nodeId: "node_1", days: 30 });
    expect(days.reduce((sum, { requests }) => sum + requests, 0n)).toBe(6n);
  });

  test("behavior: what could not be written comes with the next", async () => {
    await addNode("node_1", { url: demo.url });
    const health = new NodeHealth();
    health.begin("unknown node").failed();
    health.begin("node_1").failed();
    await expect(writeNodeHealth(database.sql, health)).rejects.toMatchObject({ code: "23503" });
    expect(health.takeCounts()).toHaveLength(2);
  });

  test("behavior: old minutes go", async () => {
    await addNode("node_1", { url: demo.url });
    await database.sql`insert into node_health (node_id, minute) values ('node_1', now() - interval '41 days'), ('node_1', now())`;
    await trimHealth(database.sql);
    expect(await database.sql`select from node_health`).toHaveLength(1);
  });
});
