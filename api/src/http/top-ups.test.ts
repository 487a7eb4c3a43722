import { afterAll, beforeAll, expect, test } from "vitest";
import { newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { call } from "../testing/moves.ts";

let api: TestApi;
let owner: TestUser;

beforeAll(async () => {
  api = await startApi();
  owner = await newUser(api);
});
afterAll(() => api.stop());

test("a link shows the account's own deposit address to whoever has it, until it is ended", async () => {
  const { status, body } = await call(api, owner, { url: "/api/top-ups", payload: { message: "for the cluster" } });
  expect(status).toBe(201);
  const look = () => call(api, { cookie: "" }, { method: "GET", url: `/api/top-ups/${body.id}` });
  const mine = await call(api, owner, { method: "GET", url: "/api/deposits/address" });
  const { address } = mine.body as unknown as { address: string };
  expect(await look()).toMatchObject({ status: 200, body: { address, message: "for the cluster" } });
  const end = (user: TestUser) =>
    api.app.inject({ method: "DELETE", url: `/api/top-ups/${body.id}`, headers: { cookie: user.cookie } });
  expect((await end(await newUser(api))).statusCode).toBe(404);
  expect((await end(owner)).statusCode).toBe(204);
  expect((await look()).status).toBe(404);
  expect((await end(owner)).statusCode).toBe(404);
});

test("so many links at once, and no more", async () => {
  const make = () => call(api, owner, { url: "/api/top-ups", payload: {} });
  for (let n = 0; n < 50; n += 1) expect((await make()).status).toBe(201);
  expect(await make()).toMatchObject({ status: 400, body: { code: "invalid_input" } });
});
