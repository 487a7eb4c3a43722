import { execFile } from "node:child_process";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { compileDocs, type Documented, ROOT } from "../scripts/docs/compile-docs.ts";
import { findGaps, findInterfaceGaps } from "../scripts/docs/natspec.ts";
import { UNREACHABLE } from "../scripts/docs/unreachable.ts";

describe("docs/contracts.md", () => {
  test("default: is what ABI, NatSpec and examples make of it (else: node contracts/scripts/write-docs.ts)", async () => {
    const script = join(ROOT, "contracts/scripts/write-docs.ts");
    await promisify(execFile)(process.execPath, [script, "--check"]);
  });
});

describe("findGaps", () => {
  test("default: the interfaces' NatSpec is complete", () => {
    expect(findInterfaceGaps()).toEqual([]);
  });

  test("behavior: names what is missing", () => {
    const nothing = { contract: "I", notice: "", details: "", params: {}, returns: {}, outputs: [] };
    const inputs = [{ name: "amount", type: "uint256" }];
    const missing: Documented[] = [
      { ...nothing, type: "function", name: "f", signature: "f(uint256)", inputs, outputs: [{ type: "bool" }] },
      { ...nothing, type: "error", name: "E", signature: "E()", inputs: [] },
    ];
    expect(findGaps(missing)).toEqual([
      "I: function f(uint256) has no @param amount",
      "I: function f(uint256) lacks a @return",
      "I: function f(uint256) has no @notice",
      "I: error E() has no @notice",
    ]);
  });
});

/** What Solidity tests wait for: errors by signature, and by the name of whoever declares them. */
async function readExpected(): Promise<Set<string>> {
  const expected = new Set<string>();
  for await (const file of glob("contracts/test/**/*.sol", { cwd: ROOT })) {
    const source = (await readFile(join(ROOT, file), "utf8")).replaceAll(/\/\/.*$/gm, "");
    const signatures = source.matchAll(/(?:encodeWithSignature|keccak256)\(\s*"(\w+\([^"]*\))"/g);
    for (const [, signature = ""] of signatures) expected.add(signature);
    for (const [, name = ""] of source.matchAll(/(\w+\.\w+)\.selector/g)) expected.add(name);
  }
  return expected;
}

describe("errors", () => {
  test("default: each that can happen is provoked by a Solidity test", async () => {
    const errors = compileDocs({
      "contracts/src/interfaces/IEscrowTypes.sol": ["IEscrowTypes"],
      "contracts/src/CreditEscrow.sol": ["CreditEscrow"],
      "contracts/src/EscrowExtension.sol": ["EscrowExtension"],
      "contracts/src/periphery/DepositForwarder.sol": ["DepositForwarder"],
      "contracts/src/periphery/EscrowLens.sol": ["EscrowLens"],
      "contracts/src/periphery/AllowanceRecharge.sol": ["AllowanceRecharge"],
      "contracts/src/policies/EasPayoutPolicy.sol": ["EasPayoutPolicy"],
    }).filter(({ type }) => type === "error");
    const expected = await readExpected();
    const provoked = errors.filter(
      ({ contract, name, signature }) => expected.has(signature) || expected.has(`${contract}.${name}`),
    );
    const all = new Set(errors.map(({ signature }) => signature));
    const never = all.difference(new Set(provoked.map(({ signature }) => signature)));
    expect([...never].toSorted()).toEqual(Object.keys(UNREACHABLE).toSorted());
  });
});
