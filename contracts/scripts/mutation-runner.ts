import { createRequire } from "node:module";
import type { Artifact } from "./mutation-compiler.ts";
import { ROOT, TESTS } from "./mutation-sources.ts";

/** What is used of Hardhat's own test runner, which it does not export: calling it here saves starting it per mutant. */
interface Edr {
  EdrContext: new () => {
    registerSolidityTestRunnerFactory(chainType: string, factory: unknown): Promise<void>;
    runSolidityTests(
      chainType: string,
      artifacts: readonly Artifact[],
      suites: readonly Artifact["id"][],
      config: object,
      tracing: object,
      onSuite: (suite: Suite) => void,
    ): Promise<unknown>;
  };
  L1_CHAIN_TYPE: string;
  l1SolidityTestRunnerFactory(): unknown;
  FsAccessPermission: { ReadFile: number };
  CollectStackTraces: { OnFailure: number };
}

interface Suite {
  id: Artifact["id"];
  testResults: { name: string; status: string }[];
}

const load = createRequire(createRequire(import.meta.url).resolve("hardhat/package.json"));
const edr = load("@nomicfoundation/edr") as Edr;
const context = new edr.EdrContext();
await context.registerSolidityTestRunnerFactory(edr.L1_CHAIN_TYPE, edr.l1SolidityTestRunnerFactory());

/** The gas ends loops that a mutant never does. */
const CONFIG = {
  projectRoot: ROOT,
  hardfork: "osaka",
  fsPermissions: [{ access: edr.FsAccessPermission.ReadFile, path: "packages/protocol/vectors/vectors.json" }],
  invariant: { runs: 8, depth: 64, failOnRevert: true },
  gasLimit: 2n ** 30n,
  disableBlockGasLimit: true,
  disableTransactionGasCap: true,
  includeTraces: 0,
  collectStackTraces: edr.CollectStackTraces.OnFailure,
  localPredeploys: [],
  testSourcePaths: {},
  testProfile: "default",
  declaredTestProfiles: ["default"],
};

/** Runs the tests of `files`, but no invariants. @returns the name of a test that fails, if one does */
export const findFailure = (artifacts: readonly Artifact[], files = TESTS, runs = 12): Promise<string | undefined> =>
  run(
    artifacts,
    files.filter((file) => !isInvariant(file)),
    runs,
  );

/** Runs all tests with all their runs, and the invariants. @returns the name of a test that fails, if one does */
export const findAnyFailure = async (artifacts: readonly Artifact[]): Promise<string | undefined> =>
  (await findFailure(artifacts, TESTS, 256)) ?? (await run(artifacts, TESTS.filter(isInvariant), 256));

const isInvariant = (file: string): boolean => file.includes("/invariant/");

async function run(
  artifacts: readonly Artifact[],
  files: readonly string[],
  runs: number,
): Promise<string | undefined> {
  const suites = artifacts.filter(({ id }) => files.includes(id.source)).filter(isSuite);
  const ids = suites.map(({ id }) => id);
  if (ids.length === 0) return undefined;
  const config = { ...CONFIG, fuzz: { runs, seed: "0x1f" } };
  const failures: string[] = [];
  const tracing = { buildInfos: [], ignoreContracts: true };
  await context.runSolidityTests(edr.L1_CHAIN_TYPE, artifacts, ids, config, tracing, ({ id, testResults }) => {
    for (const { name, status } of testResults) if (status === "Failure") failures.push(`${id.name}.${name}`);
  });
  return failures.sort()[0];
}

function isSuite({ contract }: Artifact): boolean {
  const abi = JSON.parse(contract.abi) as { type: string; name?: string }[];
  return abi.some(({ type, name }) => type === "function" && /^(test|invariant)/.test(name ?? ""));
}
