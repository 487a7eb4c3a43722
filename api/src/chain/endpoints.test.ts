import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createPublicClient } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { failover } from "./endpoints.ts";

type Answer = { result: unknown } | { error: { code: number; message: string } } | "silence" | "unavailable";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** An endpoint that answers every question alike, and counts them. */
async function endpoint(first: Answer) {
  const state = { answer: first, asked: 0, url: "" };
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece) => (text += String(piece)));
    request.on("end", () => {
      state.asked += 1;
      if (state.answer === "silence") return;
      if (state.answer === "unavailable") response.writeHead(503).end("no upstream");
      else
        response.end(JSON.stringify({ jsonrpc: "2.0", id: (JSON.parse(text) as { id: number }).id, ...state.answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

const open = (...urls: string[]) =>
  createPublicClient({ transport: failover(urls, { timeout: 300 }), cacheTime: 0 }) as {
    request: (question: { method: "eth_blockNumber" | "eth_chainId" }) => Promise<unknown>;
  };

const block = (number: number): Answer => ({ result: `0x${number.toString(16)}` });

describe("failover", () => {
  test("default: the first endpoint is asked, and only that", async () => {
    const [one, two] = [await endpoint(block(7)), await endpoint(block(7))];
    expect(await open(one.url, two.url).request({ method: "eth_chainId" })).toBe("0x7");
    expect([one.asked, two.asked]).toEqual([1, 0]);
  });

  test.each<Answer>(["silence", "unavailable", { error: { code: -32_603, message: "internal error" } }])(
    "behavior: one in trouble (%j) costs one question, then the other is asked first",
    async (trouble) => {
      const [one, two] = [await endpoint(trouble), await endpoint(block(7))];
      const client = open(one.url, two.url);
      for (let n = 0; n < 5; n++) expect(await client.request({ method: "eth_chainId" })).toBe("0x7");
      expect([one.asked, two.asked]).toEqual([1, 5]);
    },
  );

  test("behavior: an error of the contract is an answer, and asked once", async () => {
    const refusal: Answer = { error: { code: 3, message: "execution reverted" } };
    const [one, two] = [await endpoint(refusal), await endpoint(block(7))];
    await expect(open(one.url, two.url).request({ method: "eth_chainId" })).rejects.toMatchObject({ code: 3 });
    expect([one.asked, two.asked]).toEqual([1, 0]);
  });

  test("behavior: one that lags behind what another has told is asked last", async () => {
    const [one, two] = [await endpoint(block(100)), await endpoint(block(100))];
    const client = open(one.url, two.url);
    await client.request({ method: "eth_blockNumber" });
    one.answer = block(80);
    expect(await client.request({ method: "eth_blockNumber" })).toBe("0x64");
    await client.request({ method: "eth_chainId" });
    expect([one.asked, two.asked]).toEqual([2, 2]);
  });

  test("behavior: where all are behind, the chain has become shorter", async () => {
    const [one, two] = [await endpoint(block(100)), await endpoint(block(100))];
    const client = open(one.url, two.url);
    await client.request({ method: "eth_blockNumber" });
    one.answer = block(60);
    two.answer = block(60);
    for (let n = 0; n < 3; n++) expect(await client.request({ method: "eth_blockNumber" })).toBe("0x3c");
  });

  test("error: nobody answers", async () => {
    const [one, two] = [await endpoint("unavailable"), await endpoint("silence")];
    await expect(open(one.url, two.url).request({ method: "eth_chainId" })).rejects.toMatchObject({ status: 503 });
  });
});
