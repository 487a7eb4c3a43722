import { join } from "node:path";
import { parseArgs } from "node:util";
import { HardhatArtifactResolver } from "@nomicfoundation/hardhat-ignition/helpers";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { createPublicClient, custom } from "viem";
import config from "../../hardhat.config.ts";
import * as bytecodes from "../abi/bytecode.ts";
import { addressBook } from "../addresses.ts";
import { ADDRESS_BOOK, writeAddressBook } from "./deployment/address-book.ts";
import { deployToBase } from "./deployment/deploy-base.ts";
import { CHAINS, checkParameters, parametersFile, readParameters, requireChainName } from "./deployment/parameters.ts";
import { partsOf, printWiring, readWiring } from "./deployment/wiring.ts";

/**
 * Deploys to a real chain, checks what stands there, and writes it into `contracts/addresses.ts`:
 *
 *   node contracts/scripts/deploy.ts base | base-sepolia
 *
 * Takes `BASE_RPC_URL` or `BASE_SEPOLIA_RPC_URL` and `DEPLOYER_KEY` from the environment or from Hardhat's keystore.
 * Broken off, it goes on from Ignition's journal when it is run again. `--parameters`, `--journal` and `--addresses`
 * name other files.
 */
const ROOT = join(import.meta.dirname, "../..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { parameters: { type: "string" }, journal: { type: "string" }, addresses: { type: "string" } },
});
const chain = requireChainName(positionals[0]);
const { network, chainId } = CHAINS[chain];
const file = values.parameters ?? parametersFile(chain);
const parameters = checkParameters(chain, await readParameters(file), file);

/** Compiled here, so that block explorers can verify it, and the same as what has been tested. */
async function requireTestedBytecode(hre: HardhatRuntimeEnvironment): Promise<void> {
  const tested = {
    AllowanceRecharge: bytecodes.allowanceRechargeBytecode,
    CreditEscrow: bytecodes.creditEscrowBytecode,
    EasPayoutPolicy: bytecodes.easPayoutPolicyBytecode,
    EscrowLens: bytecodes.escrowLensBytecode,
    TimelockController: bytecodes.timelockControllerBytecode,
  };
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  for (const [name, bytecode] of Object.entries(tested)) {
    if ((await hre.artifacts.readArtifact(name)).bytecode !== bytecode) {
      throw new Error(
        `${name} compiles to another bytecode than contracts/abi has: run \`pnpm generate\`, test, commit.`,
      );
    }
  }
}

const hre = await createHardhatRuntimeEnvironment(config, { buildProfile: "production", network }, ROOT);
await requireTestedBytecode(hre);
const connection = await hre.network.create();
try {
  const { provider } = connection;
  const reader = createPublicClient({ transport: custom(provider) });
  const artifacts = new HardhatArtifactResolver(hre.artifacts);
  const journal = values.journal ?? join(ROOT, `contracts/ignition/deployments/chain-${chainId}`);
  const pace = { confirmations: 5, pollingIntervalMs: 1_000 };
  const deployed = await deployToBase({ chain, parameters, reader, provider, artifacts, journal, ...pace });
  if (!printWiring(await readWiring({ chain, reader, parameters, deployed }), console.log)) {
    throw new Error("What stands there is not what was wanted: don't use it, see the table.");
  }
  await writeAddressBook({ book: addressBook, chainId, deployment: deployed, file: values.addresses ?? ADDRESS_BOOK });
  const { extension, forwarder } = partsOf(deployed.escrow);
  const verify = `hardhat --network ${network} --build-profile production`;
  console.log(`\nVerify it by\n  ${verify} ignition verify chain-${chainId}`);
  for (const part of [extension, forwarder]) console.log(`  ${verify} verify ${part} ${parameters.usdc}`);
  console.log("and commit contracts/addresses.ts, the parameters and Ignition's journal.");
} finally {
  await connection.close();
}
