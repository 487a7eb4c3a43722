import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callNode, NodeFailedError, NodeRefusedError, openNodeAgent } from "./call-node.ts";

const agent = openNodeAgent({ allowPrivate: true });
/** Answers with the status that the path asks for, or breaks off in the middle of an error's body. */
const node = createServer((request, response) => {
  const status = Number(request.url?.split("/")[1]);
  response.writeHead(status === 0 ? 400 : status, { "content-length": 1_000 });
  if (status === 0) response.write("{", () => response.destroy());
  else response.end(JSON.stringify({ error: { message: "because" } }).padEnd(1_000));
});
let origin: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(node.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await agent.destroy();
  node.close();
});

const call = (path: string, signal = AbortSignal.timeout(5_000)) =>
  callNode({ agent, url: `${origin}/${path}`, path: "/v1/chat/completions", body: { model: "m" }, signal });

describe("callNode", () => {
  test.each([400, 413, 422])("error: a %d is about the request and is passed on", async (status) => {
    const refusal = call(String(status));
    await expect(refusal).rejects.toBeInstanceOf(NodeRefusedError);
    await expect(refusal).rejects.toMatchObject({ status, message: "because" });
  });

  test.each([204, 302, 401, 402, 403, 404, 418, 429, 500, 503])("error: a %d is about the node", async (status) => {
    await expect(call(String(status))).rejects.toBeInstanceOf(NodeFailedError);
  });

  test("error: an error that breaks off is about the node", async () => {
    await expect(call("0")).rejects.toBeInstanceOf(NodeFailedError);
  });

  test("error: a client that has left", async () => {
    await expect(call("200", AbortSignal.abort())).rejects.toBeInstanceOf(NodeFailedError);
  });
});
