import { afterAll, beforeAll, expect, test } from "vitest";
import { runFlow } from "../scripts/flow/flow.ts";
import { startStack, type TestStack } from "./stack.ts";

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

test("from a deposit to earnings, every amount agrees to the last unit", async () => {
  const lines: string[] = [];
  const agreed = await runFlow({ stack, say: (line) => lines.push(line), withdraw: false });
  console.log(lines.join("\n"));
  expect(agreed).toBe(true);
});
