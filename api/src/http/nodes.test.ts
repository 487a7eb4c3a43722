import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { startDemoNode } from "@infr/demo-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { writeNodeHealth } from "../inference/health-store.ts";
import { NodeHealth } from "../inference/node-health.ts";
import { newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";

type Body = Record<string, unknown>;
const model = {
  id: "demo/small",
  promptPerMillion: "1",
  completionPerMillion: "2",
  contextLength: 32_768,
  maxCompletionTokens: 1_024,
};
const sized = { id: "tiny-8b", contextLength: 8_192, maxCompletionTokens: 512 };

let api: TestApi;
let operator: TestUser;
let demo: Awaited<ReturnType<typeof startDemoNode>>;

/** A node that lists `tiny-8b` and answers each path as the test wants. */
function startOdd(answer: (path: string, response: ServerResponse) => void) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    request.resume();
    asked.push(path);
    if (path.endsWith("/v1/models")) response.end(JSON.stringify({ data: [{ id: "tiny-8b" }, { id: "big-70b" }] }));
    else answer(path, response);
  });
  return new Promise<{ url: string; asked: string[]; stop: () => void }>((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const stop = () => {
        server.closeAllConnections();
        server.close();
      };
      resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, stop });
    }),
  );
}

const send = async (
  method: "GET" | "POST" | "PATCH" | "DELETE",
  url: string,
  payload?: Body,
  as: TestUser | null = operator,
) => api.app.inject({ method, url, ...(payload ? { payload } : {}), headers: as ? { cookie: as.cookie } : {} });
const register = (change: Body = {}) =>
  send("POST", "/api/nodes", { name: "n", url: demo.url, models: [model], ...change });
const idOf = async (change: Body = {}) => (await register(change)).json<{ id: string }>().id;

beforeAll(async () => {
  api = await startApi();
  demo = await startDemoNode();
});
beforeEach(async () => {
  operator = await newUser(api);
  demo.setFaults({});
});
afterAll(async () => {
  await demo.stop();
  await api.stop();
});

describe("POST /api/nodes", () => {
  test("default: hardware, schedule, demand and resources are kept and shown with the prices in force", async () => {
    const schedule = [1, 2, 3, 4, 5, 6, 7].map((day) => ({ day, from: 0, to: 24, percent: 50 }));
    const resources = [{ id: "h100", unit: "gpu-second", pricePerUnit: "0.0012" }];
    const id = await idOf({ resources, schedule, hardware: "h100", capacity: 8, demandPercent: 120 });
    const shown = (await send("GET", `/api/nodes/${id}`)).json<Body>();
    expect(shown).toMatchObject({
      hardware: "h100",
      schedule,
      capacity: 8,
      demandPercent: 120,
      live: true,
      enabled: true,
    });
    expect(shown["models"]).toMatchObject([
      { id: "demo/small", tier: null, isDefaultPrice: false, promptPerMillion: "0.5", completionPerMillion: "1" },
    ]);
    expect(shown["resources"]).toMatchObject([{ id: "h100", unit: "gpu-second", pricePerUnit: "0.0006" }]);
  });

  test("behavior: a model without prices gets those of its size and hardware", async () => {
    const odd = await startOdd((path, response) => response.end(JSON.stringify({ choices: [{ text: path }] })));
    const id = await idOf({ url: odd.url, models: [sized, { ...sized, id: "big-70b" }], hardware: "rtx-4090" });
    const { models } = (await send("GET", `/api/nodes/${id}`)).json<{ models: Body[] }>();
    expect(models).toMatchObject([
      { id: "big-70b", tier: "large", isDefaultPrice: true, promptPerMillion: "0.72", completionPerMillion: "1.08" },
      {
        id: "tiny-8b",
        tier: "small",
        parametersMillions: 8_000,
        promptPerMillion: "0.09",
        completionPerMillion: "0.135",
      },
    ]);
    odd.stop();
  });

  test.each([
    ["unknown size and no price", { models: [{ ...sized, id: "demo/small" }] }, "parameters"],
    ["half a price", { models: [{ ...model, completionPerMillion: undefined }] }, "completionPerMillion"],
    [
      "ten times the tier's price and more",
      { models: [{ ...model, id: "x-8b", promptPerMillion: "1.001" }] },
      "promptPerMillion",
    ],
    ["a size above its name's", { models: [{ ...sized, parameters: "405B" }] }, "parameters"],
    ["no size at all", { models: [{ ...model, parameters: "huge" }] }, "parameters"],
    ["nothing to sell", { models: [] }, "models"],
    ["hardware that nobody knows", { hardware: "abacus" }, "hardware"],
    ["a night over midnight", { schedule: [{ day: 1, from: 22, to: 6, percent: 50 }] }, "schedule"],
    ["demand without capacity", { demandPercent: 150 }, "capacity"],
    ["a unit above the bound", { resources: [{ id: "r", unit: "image", pricePerUnit: "10.01" }] }, "pricePerUnit"],
  ])("error: %s names %s", async (_, change, param) => {
    expect((await register(change as Body)).json<Body>()).toMatchObject({ status: 400, code: "invalid_input", param });
  });

  test.each([
    { demandPercent: 103 },
    { demandPercent: 205 },
    { capacity: 0 },
    { resources: [{ id: "r", unit: "vibe", pricePerUnit: "1" }] },
  ])("error: %j is refused by the schema", async (change) => expect((await register(change)).statusCode).toBe(400));

  test("behavior: the same URL again replaces what is offered, at a new price version", async () => {
    const id = await idOf({ resources: [{ id: "h100", unit: "gpu-second", pricePerUnit: "1" }] });
    const before = (await send("GET", `/api/nodes/${id}`)).json<{ models: Body[] }>();
    expect(await idOf({ models: [{ ...model, id: "demo/large" }] })).toBe(id);
    const after = (await send("GET", `/api/nodes/${id}`)).json<{ models: Body[]; resources: Body[] }>();
    expect(after.models).toMatchObject([{ id: "demo/large" }]);
    expect(after.resources).toEqual([]);
    expect(after.models[0]?.["priceVersion"]).not.toBe(before.models[0]?.["priceVersion"]);
  });
});

describe("the probe", () => {
  test("default: it finds where a model answers, and canaries ask there", async () => {
    const odd = await startOdd((path, response) => {
      if (path !== "/v1/embeddings") response.writeHead(404);
      response.end(JSON.stringify({ data: [{ embedding: [1] }] }));
    });
    const id = await idOf({ url: odd.url, models: [sized] });
    expect(odd.asked).toEqual(["/v1/models", "/v1/chat/completions", "/v1/completions", "/v1/embeddings"]);
    expect(await api.sql`select path from node_models where node_id = ${id}`).toEqual([{ path: "/v1/embeddings" }]);
    odd.stop();
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ["answers with an error", (response) => response.writeHead(500).end()],
    ["answers with something else", (response) => response.end("<html>")],
    ["answers with nothing", (response) => response.end(JSON.stringify({ choices: [] }))],
    ["sends us elsewhere", (response) => response.writeHead(307, { location: "http://127.0.0.1:1/" }).end()],
    ["never stops", (response) => void response.end(`{"choices":[{"text":"${"x".repeat(1_000_000)}"}]}`)],
    ["hangs up", (response) => response.destroy()],
  ])("error: a node that lists a model and %s is not for sale", async (_, answer) => {
    const odd = await startOdd((_path, response) => answer(response));
    const answered = await register({ url: odd.url, models: [sized] });
    expect(answered.json<Body>()).toMatchObject({ status: 422, code: "node_probe_failed", param: "url" });
    expect((await send("GET", "/api/nodes")).json<Body>()).toEqual({ nodes: [] });
    odd.stop();
  });

  test("error: of many models a few are asked, all have to be listed", async () => {
    const models = Array.from({ length: 50 }, (_, n) => ({ ...model, id: `demo/small:drop=${n}` }));
    expect((await register({ models })).json<Body>()).toMatchObject({ code: "node_probe_failed" });
  });
});

describe("a node of one's own", () => {
  test("default: prices change, and are in force a second later", async () => {
    const id = await idOf();
    const changed = await send("PATCH", `/api/nodes/${id}`, {
      models: [{ ...model, promptPerMillion: "3", completionPerMillion: "4" }],
      name: "renamed",
    });
    expect(changed.json<Body>()).toMatchObject({ name: "renamed", models: [{ promptPerMillion: "3" }] });
    const listed = async () =>
      (await api.app.inject({ url: "/v1/models/demo%2Fsmall/endpoints" })).json<{ data: { endpoints: Body[] } }>().data
        .endpoints;
    await expect
      .poll(async () => (await listed()).filter((endpoint) => endpoint["node_id"] === id), { timeout: 5_000 })
      .toMatchObject([{ provider_name: "renamed", pricing: { prompt: "0.000003" } }]);
  });

  test("behavior: what is not named stays", async () => {
    const id = await idOf({ hardware: "h100", capacity: 4, demandPercent: 150 });
    const { models } = (await send("GET", `/api/nodes/${id}`)).json<Body>();
    const schedule = [{ day: 3, from: 1, to: 5, percent: 80 }];
    const changed = (await send("PATCH", `/api/nodes/${id}`, { schedule })).json<Body>();
    expect(changed).toMatchObject({ hardware: "h100", capacity: 4, demandPercent: 150, schedule });
    expect((changed["models"] as Body[])[0]?.["id"]).toBe((models as Body[])[0]?.["id"]);
    expect((await send("PATCH", `/api/nodes/${id}`, { capacity: null })).json<Body>()).toMatchObject({
      param: "capacity",
    });
    const off = await send("PATCH", `/api/nodes/${id}`, { capacity: null, demandPercent: 100, hardware: null });
    expect(off.json<Body>()).toMatchObject({ capacity: null, hardware: null });
  });

  test("behavior: taken off the market it serves nobody; it comes back only if it answers", async () => {
    const id = await idOf();
    expect((await send("DELETE", `/api/nodes/${id}`)).statusCode).toBe(204);
    expect((await send("DELETE", `/api/nodes/${id}`)).statusCode).toBe(204);
    expect((await send("GET", `/api/nodes/${id}`)).json<Body>()).toMatchObject({ enabled: false, live: false });
    demo.setFaults({ status: 500 });
    expect((await send("PATCH", `/api/nodes/${id}`, { enabled: true })).statusCode).toBe(422);
    demo.setFaults({});
    expect((await send("PATCH", `/api/nodes/${id}`, { enabled: true })).json<Body>()).toMatchObject({ live: true });
  });

  test("error: somebody else's does not exist", async () => {
    const id = await idOf();
    const stranger = await newUser(api);
    for (const method of ["GET", "PATCH", "DELETE"] as const) {
      const payload = method === "PATCH" ? { name: "mine" } : undefined;
      expect((await send(method, `/api/nodes/${id}`, payload, stranger)).statusCode).toBe(404);
      expect((await send(method, `/api/nodes/${id}`, payload, null)).statusCode).toBe(401);
    }
  });
});

describe("GET /api/nodes/:id/health", () => {
  test("default: anybody sees how a node does, and by how much its reports lie", async () => {
    const id = await idOf();
    const nothing = (await send("GET", `/api/nodes/${id}/health`, undefined, null)).json<Body>();
    expect(nothing).toMatchObject({
      live: true,
      days: [],
      lastDay: { requests: 0, uptimePercent: null, discrepancyPercent: null },
    });
    const health = new NodeHealth();
    health.begin(id).succeeded(5);
    health.begin(id).failed();
    health.noteRecount(id, { reported: 120, counted: 100, isOver: true });
    health.noteOverrun(id);
    await writeNodeHealth(api.sql, health);
    const shown = (await send("GET", `/api/nodes/${id}/health`, undefined, null)).json<{
      lastDay: Body;
      days: Body[];
    }>();
    const known = {
      requests: 2,
      errorPercent: 50,
      overReports: 1,
      overruns: 1,
      discrepancyPercent: 20,
      uptimePercent: null,
    };
    expect(shown.lastDay).toMatchObject(known);
    expect(shown.days).toMatchObject([known]);
    expect((await send("GET", "/api/nodes/node_unknown/health")).statusCode).toBe(404);
  });
});

describe("GET /v1/models/:id", () => {
  test("default: the official client finds a model by its id, with slashes", async () => {
    await idOf();
    await expect
      .poll(() => operator.openai.models.retrieve("demo/small").catch(() => null), { timeout: 5_000 })
      .toMatchObject({ id: "demo/small" });
    const plain = (await api.app.inject({ url: "/v1/models/demo/small/endpoints" })).json<{ data: Body }>().data;
    expect(plain).toMatchObject({ id: "demo/small", endpoints: expect.any(Array) as [] });
    const unknown = await api.app.inject({ url: "/v1/models/nobody/sells/endpoints" });
    expect(unknown.json<Body>()).toMatchObject({ error: { code: "model_not_found" } });
  });
});
