import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runFlow } from "../scripts/flow/flow.ts";
import { startStack, type TestStack } from "./stack.ts";
import { travel } from "./time.ts";

const HOLD_SECONDS = 2 * 86_400;

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

/** Runs the flow; on disagreement the failure shows its evidence. */
async function flow(withdraw: boolean): Promise<string> {
  const lines: string[] = [];
  const agreed = await runFlow({ stack, say: (line) => lines.push(line), withdraw });
  if (!agreed) throw new Error(lines.join("\n"));
  return lines.join("\n");
}

describe("the whole flow", () => {
  test("from a deposit to held earnings, every amount agrees to the last unit", async () => {
    expect(await flow(true)).toContain("nothing to withdraw now");
  });

  test("after the hold, the operator withdraws what has matured, and what is new is held", async () => {
    await travel(stack.rpc, HOLD_SECONDS);
    const evidence = await flow(true);
    expect(evidence).toMatch(/withdrew \$1\d\.\d+/);
  });
});
