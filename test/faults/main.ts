import { parseArgs } from "node:util";
import { runCampaign } from "./campaign.ts";
import { COSIGNER_FAULTS, FAULTS } from "./faults.ts";

const { values } = parseArgs({
  // pnpm hands a separating "--" on.
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    batches: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    only: { type: "string", multiple: true, default: [] },
    "co-signer": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(`pnpm faults [--batches 100] [--seed 1] [--only "a reorganisation"]... [--co-signer]

Settles that many batches while something bad happens to each: two workers, PostgreSQL and a chain behind proxies that
lose, delay and garble. Exit code 0 if captured = batched = settled = earned to the last unit, nothing was settled twice
and nothing was stuck after all was well again. The last line is JSON. Faults:

${Object.keys(FAULTS)
  .map((name) => `  ${name}`)
  .join("\n")}

With --co-signer the contract wants a second signature, of a process that computes every batch again, and also:

${Object.keys(COSIGNER_FAULTS)
  .map((name) => `  ${name}`)
  .join("\n")}`);
} else {
  const options = {
    batches: Number(values.batches),
    seed: Number(values.seed),
    checkEvery: 25,
    only: values.only,
    hasCoSigner: values["co-signer"],
  };
  const figures = await runCampaign({ ...options, say: console.log });
  console.log(JSON.stringify(figures));
  process.exitCode = figures.wrong.length === 0 ? 0 : 1;
}
