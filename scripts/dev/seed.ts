import { runFlow } from "../flow/flow.ts";
import { registerDemoNode } from "../flow/operator.ts";
import { must, signIn } from "../flow/session.ts";
import type { FlowStack } from "../flow/support.ts";
import type { Contracts } from "./chain.ts";
import { pathOf, writeJson } from "./folder.ts";
import type { Hex, Keys } from "./keys.ts";
import type { Layout } from "./parts.ts";

/** What the first start has made, and a second one finds again. */
export interface Seed {
  wallets: SeededAccount[];
  operator: SeededAccount;
  apiKeys: { account: string; key: string }[];
}

interface SeededAccount {
  name: string;
  address: Hex;
  privateKey: Hex;
  account: string;
  chainAccount: number | null;
}

export interface Running {
  layout: Layout;
  contracts: Contracts;
  keys: Keys;
}

export class FlowDisagreesError extends Error {
  readonly code = "flow_disagrees";

  constructor(lines: readonly string[]) {
    super(`The amounts of the demo flow do not agree:\n${lines.join("\n")}`);
    this.name = "FlowDisagreesError";
  }
}

/** Puts the demo node up for sale at the address it has this time. */
export async function offerNode(running: Running): Promise<void> {
  await registerDemoNode({ stack: flowStack(running), url: running.layout.nodeUrl });
}

/** Runs the flow once, so that there is something to look at, and makes an API key for each demo wallet. */
export async function plantSeed(running: Running, print: (line: string) => void): Promise<Seed> {
  const stack = flowStack(running);
  const lines: string[] = [];
  const say = (line: string) => {
    lines.push(line);
    print(line.trim().split("\n")[0] ?? "");
  };
  // What it earns is left to mature: the chain's clock jumps over the hold, and `pnpm demo` withdraws it.
  const agreed = await runFlow({ stack, say, withdraw: false });
  if (!agreed) throw new FlowDisagreesError(lines);
  const { alice, bob, operator } = running.keys;
  const buyers = await Promise.all([seedAccount(stack, "alice", alice), seedAccount(stack, "bob", bob)]);
  return {
    wallets: buyers.map(({ seeded }) => seeded),
    operator: (await seedAccount(stack, "operator", operator)).seeded,
    apiKeys: await Promise.all(
      buyers.map(async ({ seeded, client }) => {
        const { key } = must(await client.POST("/api/keys", { body: { name: "dev" } }));
        return { account: seeded.account, key };
      }),
    ),
  };
}

async function seedAccount(stack: FlowStack, name: string, { address, privateKey }: Keys["alice"]) {
  const { account, client } = await signIn(stack, privateKey);
  const seeded: SeededAccount = { name, address, privateKey, account: account.id, chainAccount: account.chainAccount };
  return { seeded, client };
}

function flowStack({ layout, contracts, keys }: Running): FlowStack {
  return {
    api: layout.apiUrl,
    web: layout.webUrl,
    rpc: layout.rpcUrl,
    chainId: layout.chainId,
    contracts,
    buyer: keys.alice,
    operator: keys.operator,
  };
}

/** `.infr/dev.json`: how everything else finds the running stack. */
export function writeDevFile({ layout, contracts }: Running, seed: Seed | null): void {
  const operators = seed ? [seed.operator] : [];
  writeJson("dev.json", {
    api: layout.apiUrl,
    web: layout.webUrl,
    rpc: layout.rpcUrl,
    ws: layout.wsUrl,
    indexer: layout.indexerUrl,
    mail: layout.mailUrl,
    databaseUrl: layout.databaseUrl,
    chainId: layout.chainId,
    contracts,
    wallets: seed?.wallets ?? [],
    apiKeys: seed?.apiKeys ?? [],
    operators: operators.map(({ account, chainAccount, address, privateKey }) => ({
      account,
      chainAccount,
      nodeUrl: layout.nodeUrl,
      payoutTo: address,
      privateKey,
    })),
  });
}

export const devFile = pathOf("dev.json");
