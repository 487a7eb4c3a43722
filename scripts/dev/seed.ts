import type { Contracts } from "./chain.ts";
import { writeJson } from "./folder.ts";
import type { Hex, Key, Keys } from "./keys.ts";
import type { Layout } from "./parts.ts";

/** What the flow is given: a running stack, funded wallets, and a chain whose clock it may move. */
export interface FlowStack {
  /** Origin of the API, without `/v1`. */
  api: string;
  /** The origin that users see: SIWE domain and links. */
  web: string;
  rpc: string;
  databaseUrl: string;
  chainId: number;
  contracts: Contracts;
  /** The first is the buyer of the flow. They hold test USDC and ETH. */
  wallets: NamedKey[];
  operator: Key & { nodeUrl: string; payoutTo: Hex };
  /** Moves the chain's clock; null where it must not be moved. */
  travel: ((seconds: number) => Promise<void>) | null;
  /** Says what happens. */
  print: (line: string) => void;
}

type NamedKey = Key & { name: string };

/** What the flow has made, and a second start finds again. */
export interface Seed {
  wallets: { name: string; account: string; chainAccount: number | null }[];
  apiKeys: { account: string; key: string }[];
  operators: { account: string; chainAccount: number | null; nodeUrl: string; payoutTo: Hex }[];
}

export const demoWallets = (keys: Keys): NamedKey[] => [
  { name: "alice", ...keys.alice },
  { name: "bob", ...keys.bob },
];

export interface DevFile {
  layout: Layout;
  contracts: Contracts;
  keys: Keys;
  seed: Seed;
}

/** `.infr/dev.json`: how everything else finds the running stack. */
export function writeDevFile({ layout, contracts, keys, seed }: DevFile): void {
  const known = new Map(seed.wallets.map((wallet) => [wallet.name, wallet]));
  writeJson("dev.json", {
    api: layout.apiUrl,
    web: layout.webUrl,
    rpc: layout.rpcUrl,
    ws: layout.wsUrl,
    indexer: layout.indexerUrl,
    mail: null,
    databaseUrl: layout.databaseUrl,
    chainId: layout.chainId,
    contracts,
    wallets: demoWallets(keys).map(({ name, address, privateKey }) => ({
      name,
      address,
      privateKey,
      account: known.get(name)?.account ?? null,
      chainAccount: known.get(name)?.chainAccount ?? null,
    })),
    apiKeys: seed.apiKeys,
    operators: seed.operators.map((operator) => ({
      ...operator,
      nodeUrl: layout.nodeUrl,
      privateKey: keys.operator.privateKey,
    })),
  });
}
