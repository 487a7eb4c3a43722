import { mkdirSync } from "node:fs";
import { privateKeyToAddress } from "viem/accounts";
import { slimStates } from "../anvil.ts";
import {
  type Contracts,
  deployContracts,
  fundWallets,
  hasChainState,
  jumpToPresent,
  lostBlocks,
  recordHead,
} from "./chain.ts";
import { FOLDER, forgetEverything, readJson, writeJson } from "./folder.ts";
import { type Hex, type Key, type Keys, readKeys } from "./keys.ts";
import { demand } from "./layout.ts";
import {
  apiPart,
  chainPart,
  indexerPart,
  type Layout,
  mailPart,
  nodePart,
  postgresPart,
  webPart,
  workerPart,
} from "./parts.ts";
import { devFile, offerNode, plantSeed, type Running, type Seed, writeDevFile } from "./seed.ts";
import type { StepsView } from "./steps-view.ts";
import type { Supervisor } from "./supervisor.ts";

interface Start {
  layout: Layout;
  view: StepsView;
  supervisor: Supervisor;
}

const isChainOurs = () => !process.env["RPC_URL"];
const isDatabaseOurs = () => !process.env["DATABASE_URL"];

/** Decides whether what is there can be gone on with, and says what it did otherwise. */
export function prepareFolder({ fresh }: { fresh: boolean }): string[] {
  const said: string[] = [];
  const hasSeed = readJson("seed.json") !== null;
  const hasContracts = readJson("contracts.json") !== null;
  if (fresh) forgetEverything();
  else if (isChainOurs() && hasContracts && !hasSeed) {
    said.push("The first start did not finish: starting over.");
    forgetEverything();
  } else if (isChainOurs() && hasContracts && !hasChainState()) {
    said.push("The chain's state is gone or was cut off by a crash: starting over.");
    forgetEverything();
  }
  mkdirSync(FOLDER, { recursive: true });
  return said;
}

/** Starts everything, part after part, and answers the table of URLs. */
export async function startStack({ layout, view, supervisor }: Start): Promise<string> {
  const keys = isChainOurs() ? readKeys() : keysFromEnvironment(readKeys());
  await Promise.all([startDatabase({ layout, view, supervisor }), startChain({ layout, view, supervisor })]);
  const contracts = await view.run("contracts", (note) => findContracts({ layout, keys, note }));
  const parts = [
    indexerPart(layout, contracts),
    apiPart(layout, contracts, keys),
    workerPart(layout, contracts, keys),
    nodePart(layout),
    mailPart(layout),
    webPart(layout),
  ];
  await Promise.all(parts.map((part) => view.run(part.name, () => supervisor.start(part))));
  const running = { layout, contracts, keys };
  const seed = await view.run("demo flow", (note) => seedOnce(running, note));
  writeDevFile(running, seed);
  return describe(layout);
}

async function startDatabase({ layout, view, supervisor }: Start): Promise<void> {
  await view.run("PostgreSQL", async (note) => {
    if (isDatabaseOurs()) await supervisor.start(postgresPart(layout));
    else note("DATABASE_URL");
  });
}

async function startChain({ layout, view, supervisor }: Start): Promise<void> {
  await view.run("chain", async (note) => {
    if (!isChainOurs()) return note("RPC_URL");
    await supervisor.start(chainPart(layout));
    await slimStates(layout.rpcUrl);
    const lost = await lostBlocks(layout.rpcUrl);
    if (lost > 0) {
      view.say(
        `A crash cost the chain its last ${lost} blocks: the indexer starts over and the ledger takes back what was in them.`,
      );
    }
    setInterval(() => void recordHead(layout.rpcUrl).catch(() => {}), 5_000).unref();
  });
}

interface Work {
  layout: Layout;
  keys: Keys;
  note: (text: string) => void;
}

async function findContracts({ layout, keys, note }: Work): Promise<Contracts> {
  if (!isChainOurs()) {
    note("ESCROW_ADDRESS, USDC_ADDRESS");
    return {
      escrow: demand("ESCROW_ADDRESS", process.env) as Hex,
      usdc: demand("USDC_ADDRESS", process.env) as Hex,
      ...(process.env["ALLOWANCE_RECHARGE_ADDRESS"] && {
        allowanceRecharge: process.env["ALLOWANCE_RECHARGE_ADDRESS"] as Hex,
      }),
    };
  }
  const saved = readJson("contracts.json") as Contracts | null;
  if (saved) return saved;
  const contracts = await deployContracts(layout.rpcUrl, keys);
  note("wallets get test USDC");
  await fundWallets(layout.rpcUrl, contracts, keys);
  writeJson("contracts.json", contracts);
  note("");
  return contracts;
}

/** The first start runs the flow once, days ago, and then brings the chain to the present. */
async function seedOnce(running: Running, note: (text: string) => void): Promise<Seed | null> {
  if (!isChainOurs()) {
    note("not on a chain of others");
    return null;
  }
  await offerNode(running);
  const saved = readJson("seed.json") as Seed | null;
  if (saved) {
    note("done before");
    return saved;
  }
  const seed = await plantSeed(running, note);
  await jumpToPresent(running.layout.rpcUrl);
  writeJson("seed.json", seed);
  note("");
  return seed;
}

function keysFromEnvironment(keys: Keys): Keys {
  return {
    ...keys,
    settler: keyFromEnvironment("SETTLER_KEY"),
    relayer: keyFromEnvironment("RELAYER_KEY"),
    clearer: keyFromEnvironment("CLEARER_KEY"),
    // Everybody knows the local one: whatever it owns on a real chain would be everybody's.
    custodian: keyFromEnvironment("CUSTODIAN_KEY"),
  };
}

function keyFromEnvironment(name: string): Key {
  const privateKey = demand(name, process.env) as Hex;
  return { address: privateKeyToAddress(privateKey), privateKey };
}

function describe(layout: Layout): string {
  const rows = [
    ["web app", layout.webUrl],
    ["API", `${layout.webUrl}/v1   (OpenAI-compatible; directly: ${layout.apiUrl}/v1)`],
    ["chain", `${layout.rpcUrl}   (id ${layout.chainId})`],
    ["mails", `${layout.mailUrl}   (as JSON: /mails)`],
    ["demo node", `${layout.nodeUrl}/v1`],
    ["PostgreSQL", layout.databaseUrl],
    ["keys, wallets", devFile],
    ["logs", `${FOLDER}/logs/`],
  ];
  const lines = rows.map(([name = "", value]) => `  ${name.padEnd(14)} ${value}`);
  return `${lines.join("\n")}\n\nCtrl-C stops everything. The next start goes on with this data; --fresh starts over.`;
}
