import { describe, expect, test, vi } from "vitest";

vi.stubGlobal("window", { location: { origin: "http://localhost:3000" } });
const { readAnswer } = await import("./chat.ts");

const bodyOf = (...events: unknown[]): ReadableStream<Uint8Array> =>
  new Response(`${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`)
    .body as ReadableStream<Uint8Array>;

const piece = (content: string) => ({ id: "req_1", choices: [{ delta: { content } }] });

const unheard = { onId: () => undefined, onText: () => undefined };

describe("readAnswer", () => {
  test("default: text as it comes, and the exact cost from the usage chunk", async () => {
    const texts: string[] = [];
    const usage = {
      prompt_tokens: 3,
      completion_tokens: 2,
      cost: 0.0000051,
      cost_details: { total_usd: "0.000005123" },
    };
    const ids: string[] = [];
    const answer = await readAnswer(bodyOf(piece("Hel"), piece("lo"), { choices: [], usage }), {
      onId: (id) => ids.push(id),
      onText: (text) => texts.push(text),
    });
    expect(texts).toEqual(["Hel", "lo"]);
    expect(ids).toEqual(["req_1"]);
    expect(answer).toEqual({ promptTokens: 3, completionTokens: 2, costUsd: "0.000005123" });
  });

  test("behavior: without a usage chunk there is no cost to show", async () => {
    expect(await readAnswer(bodyOf(piece("a")), unheard)).toBeNull();
  });

  test("error: ApiError with the node's code when the stream breaks off", async () => {
    const body = bodyOf(piece("a"), { error: { message: "The node went away.", code: "node_failed" } });
    await expect(readAnswer(body, unheard)).rejects.toMatchObject({ name: "ApiError", code: "node_failed" });
  });
});
