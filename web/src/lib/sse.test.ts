import { describe, expect, test } from "vitest";
import { readEvents } from "./sse.ts";

function streamOf(...pieces: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
}

async function collect(events: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe("readEvents", () => {
  test("default", async () => {
    const events = readEvents(streamOf('data: {"a":1}\n\n', "data: 2\n\ndata: [DONE]\n\ndata: 3\n\n"));
    expect(await collect(events)).toEqual(['{"a":1}', "2"]);
  });

  test("behavior: a payload cut in the middle, CRLF and comments", async () => {
    const events = readEvents(streamOf(": keepalive\r\n\r\nda", "ta: hel", "lo\r", "\n\r\n"));
    expect(await collect(events)).toEqual(["hello"]);
  });
});
