import { PassThrough } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import { answerStream } from "./answer-stream.ts";
import { readChatRequest } from "./chat-request.ts";
import { NodeBody } from "./node-body.ts";
import { NodeHealth } from "./node-health.ts";
import type { Run } from "./run.ts";

const chunk = (content: string) =>
  Buffer.from(
    `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { content } }] })}\n\n`,
  );
const end = Buffer.from("data: [DONE]\n\n");

/** A run whose node says what is pushed into `body`, and what became of its hold. */
function startedRun() {
  const body = new NodeBody({ pause: () => {}, resume: () => {}, abort: () => {} });
  const stopping = new AbortController();
  const bill = vi.fn<Run["bill"]>(async () => ({ total: "0" }) as never);
  const release = vi.fn<Run["release"]>(async () => {});
  const request = readChatRequest({ model: "m", messages: [{ role: "user", content: "Hi" }], stream: true });
  const run = {
    requestId: "req_1",
    nodeCall: new NodeHealth().begin("node_1"),
    request,
    response: { body },
    leaving: stopping,
    bill,
    release,
  };
  return { body, stopping, bill, release, run: run as unknown as Run };
}

afterEach(() => vi.useRealTimers());

describe("answerStream", () => {
  test("behavior: a comment goes out every 15 s while the node is silent", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const { run, body } = startedRun();
    const out = new PassThrough();
    const done = answerStream(run, out);
    vi.advanceTimersByTime(31_000);
    body.push(chunk("a"));
    body.push(end);
    await done;
    const text = (await out.toArray()).join("");
    expect(text.split(": keepalive\n\n")).toHaveLength(3);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("behavior: a reader that was gone before the start costs nothing", async () => {
    const { run, body, bill, release } = startedRun();
    const out = new PassThrough();
    out.destroy();
    body.push(chunk("a"));
    body.push(end);
    await answerStream(run, out);
    expect(bill).not.toHaveBeenCalled();
    expect(release).toHaveBeenCalledOnce();
  });

  test("behavior: when the server stops, what was relayed is billed and the reader is cut off", async () => {
    const { run, body, bill, stopping } = startedRun();
    const out = new PassThrough();
    const done = answerStream(run, out);
    body.push(chunk("relayed"));
    await expect.poll(() => out.readableLength).toBeGreaterThan(0);
    stopping.abort();
    body.push(chunk("never relayed"));
    await done;
    expect(bill).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ reported: null, relayedLength: "relayed".length, drained: true }),
      "aborted",
    );
    expect(out.destroyed).toBe(true);
  });

  test("behavior: a reader that stalls for 60 s is cut off and billed for what it got", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { run, body, bill } = startedRun();
    const out = new PassThrough({ highWaterMark: 1 });
    const done = answerStream(run, out);
    body.push(chunk("first"));
    while (out.readableLength === 0) await new Promise(setImmediate);
    body.push(chunk("second"));
    for (let turn = 0; turn < 20; turn++) {
      await vi.advanceTimersByTimeAsync(10_000);
      await new Promise(setImmediate);
    }
    await done;
    expect(bill).toHaveBeenCalledOnce();
    expect(bill.mock.calls[0]?.[1]).toBe("aborted");
    expect(out.destroyed).toBe(true);
  });

  test("behavior: when the ledger fails the client is told, and the node is not blamed", async () => {
    const { run, body, bill } = startedRun();
    bill.mockRejectedValue(new Error("no ledger"));
    const out = new PassThrough();
    const done = answerStream(run, out);
    body.push(chunk("a"));
    body.push(end);
    await done;
    const text = (await out.toArray()).join("");
    expect(text).toContain('"code":"internal_error"');
    expect(text).not.toContain("[DONE]");
  });
});
