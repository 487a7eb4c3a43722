import { startDryRun } from "./deployment/dry-chain.ts";
import { requireChainName } from "./deployment/parameters.ts";
import { printWiring } from "./deployment/wiring.ts";

/**
 * Deploys with the parameters of a real chain to a chain of its own, which has that chain's id, and prints a table of
 * what stands there beside what should; ends with 1 if anything differs:
 *
 *   node contracts/scripts/dry-run.ts base | base-sepolia
 */
const run = await startDryRun(requireChainName(process.argv[2]));
try {
  if (run.standIns.length > 0) console.log(`Not set yet, made up for this run: ${run.standIns.join(", ")}.\n`);
  if (!printWiring(run.findings, console.log)) process.exitCode = 1;
} finally {
  await run.stop();
}
