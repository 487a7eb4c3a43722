import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What solc is given: files of the repository and of OpenZeppelin by the names under which sources import them. */
export const ROOT = join(import.meta.dirname, "../..");
export const ESCROW = "contracts/src/CreditEscrow.sol";
const ROOTS = [ROOT, join(ROOT, "contracts/node_modules")];

/** Deploys whatever the runner is told that `CreditEscrow` is, where `new` would put the code into the test. */
const DEPLOYED = `
    function _deployed(CreditEscrow.Setup memory setup) internal returns (address made) {
        bytes memory code = bytes.concat(vm.getCode("${ESCROW}:CreditEscrow"), abi.encode(setup));
        assembly ("memory-safe") { made := create(0, add(code, 32), mload(code)) }
    }
`;

/**
 * Tests hold the code of what they deploy. So that they need not be compiled anew for every mutant, they take the
 * escrow's from the runner.
 */
const CHANGES: Record<string, [from: string, to: string][]> = {
  "contracts/test/support/EscrowTest.sol": [
    ["address(new CreditEscrow(setup))", "_deployed(setup)"],
    ["\n    function setUp()", `${DEPLOYED}\n    function setUp()`],
  ],
  "contracts/test/unit/Open.t.sol": [["new CreditEscrow(setup)", "_deployed(setup)"]],
  "contracts/test/support/Vm.sol": [
    ["interface Vm {", "interface Vm {\n    function getCode(string calldata) external view returns (bytes memory);"],
  ],
};

const cache = new Map<string, string | undefined>();

/** @returns the source, undefined if there is none */
export function readSource(name: string): string | undefined {
  if (!cache.has(name)) {
    const path = ROOTS.map((root) => join(root, name)).find((each) => existsSync(each));
    cache.set(name, path && changed(name, readFileSync(path, "utf8")));
  }
  return cache.get(name);
}

function changed(name: string, source: string): string {
  return (CHANGES[name] ?? []).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${name} no longer has «${from}»: see mutation-sources.ts.`);
    return text.replace(from, () => to);
  }, source);
}

export const TESTS: readonly string[] = globSync("contracts/test/**/*.t.sol", { cwd: ROOT }).sort();
const SUPPORT = globSync("contracts/{test,dev}/**/!(*.t).sol", { cwd: ROOT });
/** Everything whose artifact the runner has to know, but for the escrow. */
export const TEST_SOURCES: readonly string[] = [...TESTS, ...SUPPORT];

/** Tests that have code of `file` in themselves: it is reached by imports, other than through the escrow. */
export function testsWith(file: string): string[] {
  return TEST_SOURCES.filter((test) => reaches(test, file, new Set()));
}

/** Tests that deploy no escrow: what they say of a library does not depend on the escrow that was compiled with it. */
export const isPure = (test: string): boolean => !reaches(test, ESCROW, new Set());

function reaches(from: string, file: string, seen: Set<string>): boolean {
  if (from === file) return true;
  if (from === ESCROW || seen.has(from)) return false;
  seen.add(from);
  const imports = [...(readSource(from) ?? "").matchAll(/^import [^"]*"(\.[^"]+)"/gm)].map(([, path = ""]) =>
    join(from, "..", path),
  );
  return imports.some((each) => reaches(each, file, seen));
}
