import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyMessage, cutAnywhere } from "../testing/chat-messages.ts";
import { type Block, BlockReader } from "./blocks.ts";

describe("BlockReader", () => {
  test("behavior: however an answer is cut into chunks, its blocks are the same", () => {
    fc.assert(
      fc.property(
        anyMessage.chain((message) => fc.tuple(fc.constant(message), cutAnywhere(message))),
        ([message, deltas]) => {
          const whole = new BlockReader("req_1");
          whole.read(message);
          const cut = new BlockReader("req_1");
          for (const delta of deltas) cut.read(delta);
          expect(cut.blocks).toEqual(whole.blocks);
        },
      ),
    );
  });

  test("behavior: every block begins once, gets all of its text, and ends before the next begins", () => {
    fc.assert(
      fc.property(anyMessage.chain(cutAnywhere), (deltas) => {
        const reader = new BlockReader("req_1");
        const steps = [...deltas.flatMap((delta) => reader.read(delta)), ...reader.end()];
        const texts = new Map<Block, string>();
        let open: Block | null = null;
        for (const step of steps) {
          if (step.type === "begin") {
            expect(open).toBeNull();
            open = step.block;
            texts.set(open, "");
            continue;
          }
          expect(step.block).toBe(open);
          if (step.type === "add") texts.set(step.block, texts.get(step.block) + step.text);
          else open = null;
        }
        expect(open).toBeNull();
        expect([...texts.keys()]).toEqual(reader.blocks);
        for (const [block, text] of texts) expect(text).toBe(block.text);
      }),
    );
  });

  const call = (index: number, id: string | undefined, text: string) => ({
    tool_calls: [{ index, id, function: { name: "f", arguments: text } }],
  });

  test("behavior: calls that a node numbers alike are told apart by their ids", () => {
    const reader = new BlockReader("req_1");
    reader.read(call(0, "a", "{}"));
    reader.read(call(0, "b", "[]"));
    expect(reader.blocks).toMatchObject([
      { id: "a", text: "{}" },
      { id: "b", text: "[]" },
    ]);
  });

  test("behavior: a call without an id gets one", () => {
    const reader = new BlockReader("req_1");
    reader.read(call(0, undefined, "{"));
    reader.read(call(0, undefined, "}"));
    expect(reader.blocks).toMatchObject([{ id: "call_req_1_0", text: "{}" }]);
  });

  test("error: a node that goes back to a call that it had ended", () => {
    const reader = new BlockReader("req_1");
    reader.read(call(0, "a", "{"));
    reader.read(call(1, "b", "{"));
    expect(() => reader.read(call(0, undefined, "}"))).toThrow("went back");
  });

  test("error: a node that begins block after block, in one message or in many", () => {
    const reader = new BlockReader("req_1");
    for (let at = 0; at < 1_000; at++) reader.read(call(at, undefined, "{}"));
    expect(reader.blocks).toHaveLength(1_000);
    reader.read(call(999, undefined, " "));
    expect(() => reader.read(call(1_000, undefined, "{}"))).toThrow("more than 1000 blocks");
    const calls = Array.from({ length: 1_001 }, (_, at) => call(at, `call_${at}`, "{}").tool_calls).flat();
    expect(() => new BlockReader("req_1").read({ tool_calls: calls })).toThrow("more than 1000 blocks");
  });
});
