import { existsSync, readFileSync } from "node:fs";
import { runFlow } from "./flow/flow.ts";

const DEV_FILE = ".infr/dev.json";

if (process.argv.includes("--help")) {
  console.log(`pnpm demo: runs the whole flow, from a USDC deposit to an operator's payout, against the running stack
(pnpm dev) and prints the evidence of each step. Exit code 0 only if all amounts agree to the last unit.`);
} else if (existsSync(DEV_FILE)) {
  const dev = JSON.parse(readFileSync(DEV_FILE, "utf8"));
  const [buyer] = dev.wallets;
  const [operator] = dev.operators;
  const agreed = await runFlow({
    stack: { ...dev, buyer, operator },
    say: console.log,
    withdraw: true,
  });
  process.exitCode = agreed ? 0 : 1;
} else {
  console.error("Nothing runs here: start the stack with `pnpm dev` in another terminal first.");
  process.exitCode = 2;
}
