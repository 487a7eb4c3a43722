import { createRequire } from "node:module";
import toolboxViem from "@nomicfoundation/hardhat-toolbox-viem";
import { configVariable, defineConfig } from "hardhat/config";

/** The compiler is solc's WASM build from npm: a `path` that is no native binary is run as such, nothing is downloaded. */
const soljson = createRequire(import.meta.url).resolve("solc/soljson.js");

const optimizer = { enabled: true, runs: 200 };
const compiler = (settings: { viaIR?: true }) => ({
  version: "0.8.37",
  path: soljson,
  settings: {
    optimizer,
    evmVersion: "prague",
    outputSelection: { "*": { "*": ["storageLayout"] } },
    ...settings,
  },
});

/** `INVARIANTS=long hardhat test solidity` looks for hours, not for a minute; `INVARIANT_RUNS` says how long. */
const invariantRuns =
  process.env["INVARIANTS"] === "long"
    ? { runs: Number(process.env["INVARIANT_RUNS"] ?? 4_096), depth: 256 }
    : { runs: 96, depth: 64 };

export default defineConfig({
  plugins: [toolboxViem],
  paths: {
    sources: ["contracts/src", "contracts/dev"],
    tests: { solidity: "contracts/test" },
    cache: "contracts/cache",
    artifacts: "contracts/artifacts",
    ignition: "contracts/ignition",
  },
  solidity: {
    /** The governor is OpenZeppelin's, as it is. */
    npmFilesToBuild: ["@openzeppelin/contracts/governance/TimelockController.sol"],
    profiles: {
      /** Quick to build, and the one that coverage can instrument. */
      default: { compilers: [compiler({})] },
      /** What is deployed, everywhere: `hardhat build --build-profile production`. */
      production: { isolated: false, compilers: [compiler({ viaIR: true })] },
    },
  },
  test: {
    solidity: {
      fsPermissions: { readFile: ["packages/protocol/vectors/vectors.json"] },
      fuzz: { runs: 256, seed: "0x1f" },
      invariant: { ...invariantRuns, failOnRevert: true },
    },
  },
  /** `hardhat verify --network base ADDRESS …`, and `--verify` of Ignition. */
  verify: { etherscan: { apiKey: configVariable("ETHERSCAN_API_KEY") } },
  networks: {
    /** A local anvil or Hardhat node; `contracts/scripts/deploy-local.ts` sets URL and key. */
    local: { type: "http", chainType: "l1", url: "http://127.0.0.1:8545" },
    /** Variables come from the environment or from Hardhat's keystore. */
    base: {
      type: "http",
      chainType: "op",
      url: configVariable("BASE_RPC_URL"),
      accounts: [configVariable("DEPLOYER_KEY")],
    },
    baseSepolia: {
      type: "http",
      chainType: "op",
      url: configVariable("BASE_SEPOLIA_RPC_URL"),
      accounts: [configVariable("DEPLOYER_KEY")],
    },
  },
});
