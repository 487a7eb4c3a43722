import { describe, expect, test } from "vitest";
import { MalformedStreamError, readEvents } from "./sse.ts";

async function* bytes(...chunks: string[]) {
  for (const chunk of chunks) yield new TextEncoder().encode(chunk);
}
async function collect(stream: AsyncIterable<Uint8Array>): Promise<string[]> {
  const events: string[] = [];
  for await (const event of readEvents(stream)) events.push(event);
  return events;
}
const events = (...chunks: string[]) => collect(bytes(...chunks));

describe("readEvents", () => {
  test.each([
    [["data: a\n\ndata: b\n\n"], ["a", "b"]],
    [["data: a\r\n\r\ndata:b\r\rdata: c\n\n"], ["a", "b", "c"]],
    [
      ["data: a\r", "\n\r", "\ndata: b\r", "\r"],
      ["a", "b"],
    ],
    [["da", "ta: a", "b\n", "\n"], ["ab"]],
    [["data: a\ndata: b\n\n"], ["a\nb"]],
    [[": comment\n\nevent: x\nid: 1\ndata: a\n\n"], ["a"]],
    [["data: a\n\ndata: cut off\n"], ["a"]],
  ])("default: %j", async (chunks, expected) => expect(await events(...chunks)).toEqual(expected));

  test("behavior: characters may be cut anywhere", async () => {
    const whole = new TextEncoder().encode("data: 漢😀\n\n");
    const single = (async function* () {
      for (const byte of whole) yield Uint8Array.of(byte);
    })();
    expect(await collect(single)).toEqual(["漢😀"]);
  });

  test("error: an event of many lines, or of one, that is longer than 1 MiB", async () => {
    const line = `data: ${"x".repeat(100_000)}\n`;
    await expect(events(...Array<string>(11).fill(line))).rejects.toBeInstanceOf(MalformedStreamError);
    await expect(events("data: ", ...Array<string>(11).fill("x".repeat(100_000)))).rejects.toThrow(
      MalformedStreamError,
    );
    await expect(events(`data: ${"x".repeat(2_000_000)}\n\n`)).rejects.toBeInstanceOf(MalformedStreamError);
  });
});
