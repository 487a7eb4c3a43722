import { parseArgs } from "node:util";
import { runCampaign } from "./campaign.ts";

const { values } = parseArgs({
  // pnpm hands a separating "--" on.
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    runs: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(`pnpm kills [--runs 100] [--seed 1]

SIGKILL, that many times, for servers, worker and PostgreSQL at random moments under load. Exit code 0 if no answered
request was unbilled or billed twice, the books add up, and nothing was held by the dead for longer than 30 seconds.`);
} else {
  const options = { kills: Number(values.runs), seed: Number(values.seed), checkEvery: 50 };
  const figures = await runCampaign({ ...options, say: console.log });
  console.log(JSON.stringify(figures));
  process.exitCode = figures.wrong.length === 0 ? 0 : 1;
}
