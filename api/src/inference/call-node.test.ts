import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Dispatcher } from "undici";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { callNode, NodeFailedError, NodeRefusedError, openNodeAgent } from "./call-node.ts";

const agent = openNodeAgent({ allowPrivate: true });
/** Called with every byte of an error that never ends. */
let onDrip = () => {};
/** Answers with the status that the path asks for, or breaks off in the middle of an error's body, or never ends it. */
const node = createServer((request, response) => {
  if (request.url?.startsWith("/drip/")) {
    response.writeHead(500);
    const drip = setInterval(() => response.write(" ", () => onDrip()), 5);
    response.on("close", () => clearInterval(drip));
    return;
  }
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

  test("error: a client that leaves while a node drips its error", async () => {
    const leaving = new AbortController();
    let drips = 0;
    // By then the error's head has come in.
    onDrip = () => {
      if (++drips === 20) leaving.abort();
    };
    await expect(call("drip", leaving.signal)).rejects.toBeInstanceOf(NodeFailedError);
  });

  test("error: a node that drips its error for more than five seconds", async () => {
    vi.useFakeTimers();
    try {
      const abort = vi.fn();
      const controller = { abort, pause: () => {}, resume: () => {} } as unknown as Dispatcher.DispatchController;
      const dispatch: Dispatcher["dispatch"] = (_, handler) => {
        handler.onResponseStart?.(controller, 500, {}, "");
        return true;
      };
      const { signal } = new AbortController();
      const dripping = { dispatch } as Dispatcher;
      const failure = callNode({ agent: dripping, url: origin, path: "/", body: { model: "m" }, signal }).catch(
        (error: unknown) => error,
      );
      await vi.advanceTimersByTimeAsync(4_999);
      expect(abort).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(abort).toHaveBeenCalledOnce();
      expect(await failure).toBeInstanceOf(NodeFailedError);
    } finally {
      vi.useRealTimers();
    }
  });
});
