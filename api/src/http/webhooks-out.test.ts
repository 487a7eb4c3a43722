import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deliverWebhooks } from "../notify/deliver-webhooks.ts";
import { openOutboundAgent } from "../outbound/post.ts";
import { newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";

type Posted = { headers: Record<string, string>; body: string };
const agent = openOutboundAgent({ allowPrivate: true });
const received: Posted[] = [];
let api: TestApi;
let user: TestUser;
let server: Server;
let url = "";

beforeAll(async () => {
  api = await startApi();
  user = await newUser(api);
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      received.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
afterAll(async () => {
  await agent.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await api.stop();
});

const call = (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, payload?: object) =>
  api.app.inject({
    method,
    url: `/api/webhook-endpoints${path}`,
    headers: { cookie: user.cookie },
    ...(payload ? { payload } : {}),
  });

test("default: create, test, read the log, send again, disable, delete", async () => {
  const created = await call("POST", "", { url, types: ["balance.low"] });
  const { endpoint, secret } = created.json<{ endpoint: { id: string }; secret: string }>();
  expect(created.statusCode).toBe(201);
  expect(secret).toMatch(/^whsec_/);
  expect((await call("GET", "")).body).not.toContain(secret);
  const tested = await call("POST", `/${endpoint.id}/test`);
  expect(tested.statusCode).toBe(202);
  await deliverWebhooks({ sql: api.sql, agent });
  const again = await call("POST", `/${endpoint.id}/deliveries/${tested.json<{ id: string }>().id}/redeliver`);
  expect(again.statusCode).toBe(202);
  await deliverWebhooks({ sql: api.sql, agent });
  expect(received).toHaveLength(2);
  for (const { headers, body } of received) new Webhook(secret).verify(body, headers);
  const { deliveries } = (await call("GET", `/${endpoint.id}/deliveries`)).json<{ deliveries: unknown[] }>();
  expect(deliveries).toMatchObject([
    { type: "webhook.test", state: "delivered", attempts: [{ status: 204 }, { status: 204 }] },
  ]);
  expect((await call("PATCH", `/${endpoint.id}`, { disabled: true })).json()).toMatchObject({ state: "disabled" });
  expect((await call("POST", `/${endpoint.id}/test`)).statusCode).toBe(409);
  expect((await call("DELETE", `/${endpoint.id}`)).statusCode).toBe(204);
  expect((await call("GET", "")).json()).toEqual({ endpoints: [] });
});

test("error: a type that there is not, and more deliveries by hand than there may be", async () => {
  expect((await call("POST", "", { url, types: ["balance.high"] })).statusCode).toBe(400);
  const { endpoint } = (await call("POST", "", { url })).json<{ endpoint: { id: string } }>();
  const answers = await Promise.all(Array.from({ length: 110 }, () => call("POST", `/${endpoint.id}/test`)));
  expect(answers.filter(({ statusCode }) => statusCode === 429).length).toBeGreaterThanOrEqual(10);
});
