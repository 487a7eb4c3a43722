import { describe, expect, test } from "vitest";
import { EventParser, MalformedStreamError } from "./sse.ts";

function events(...chunks: Array<string | Uint8Array>): string[] {
  const parser = new EventParser();
  return chunks.flatMap((chunk) => parser.push(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk));
}

describe("EventParser", () => {
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
    [["\uFEFFdata: a\n\n"], ["a"]],
  ])("default: %j", (chunks, expected) => expect(events(...chunks)).toEqual(expected));

  test("behavior: characters may be cut anywhere", () => {
    const whole = new TextEncoder().encode("data: 漢😀\n\n");
    expect(events(...Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(["漢😀"]);
  });

  test("error: an event of many lines, or of one, that is longer than 1 MiB", () => {
    const line = `data: ${"x".repeat(100_000)}\n`;
    expect(() => events(...Array<string>(11).fill(line))).toThrow(MalformedStreamError);
    expect(() => events("data: ", ...Array<string>(11).fill("x".repeat(100_000)))).toThrow(MalformedStreamError);
    expect(() => events(`data: ${"x".repeat(2_000_000)}\n\n`)).toThrow(MalformedStreamError);
  });
});
