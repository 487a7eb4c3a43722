import { spawn } from "node:child_process";

/** Every benchmark by its name: `pnpm bench <name> [options]`. The last line it prints is one JSON object. */
const BENCHES = {
  gateway: {
    file: "bench/gateway.ts",
    about: "metered requests, streams and latency against a pass-through without billing; --rounds, --seconds",
  },
  streams: {
    file: "bench/streams.ts",
    about: "2,000 streams at once: memory and lateness; --streams, --pause-ms, --rounds",
  },
  ledger: {
    file: "bench/ledger.ts",
    about: "holds and captures a second, against one call a step; --rounds, --seconds",
  },
  usage: {
    file: "bench/usage.ts",
    about: "pages and sums of a usage log of 10M rows, against one of 100k; --large, --small",
  },
  index: {
    file: "bench/index-lag.ts",
    about: "how long until events can be read, against a bare subscriber; --blocks",
  },
  settlement: {
    file: "bench/settlement.ts",
    about:
      "a batch of 1M usage rows: time, memory, gas; receipts verified; settlement and index lag; --rows, --lag-rounds",
  },
  transfers: {
    file: "bench/transfers.ts",
    about: "from the request for a transfer until its recipient can spend it, in seconds and in blocks; --transfers",
  },
  web: {
    file: "bench/web.ts",
    about: "the web app in Chromium: first script, largest paint, scrolling a long log, bundle; --rows, --rounds",
  },
  gas: { file: "contracts/bench/gas.ts", about: "gas of every contract operation against its goal; --check, --write" },
};

const [name = "--help", ...rest] = process.argv.slice(2);
if (name === "--help") {
  console.log("pnpm bench <name> [options]\n");
  for (const [each, { about }] of Object.entries(BENCHES)) console.log(`  ${each.padEnd(10)} ${about}`);
} else if (Object.hasOwn(BENCHES, name)) {
  const { file } = BENCHES[/** @type {keyof typeof BENCHES} */ (name)];
  const child = spawn(process.execPath, [file, ...rest], { stdio: "inherit" });
  child.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  console.error(`There is no benchmark "${name}": \`pnpm bench --help\` lists them.`);
  process.exitCode = 2;
}
