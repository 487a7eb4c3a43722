import { creditEscrowAbi } from "@infr/contracts/abi";
import { createConfig } from "ponder";
import { LOCAL_CHAIN_ID, readEnvironment } from "./environment.ts";

const { databaseUrl, rpcUrl, wsUrl, chainId, escrow, startBlock } = readEnvironment();
const isLocal = chainId === LOCAL_CHAIN_ID;

/** What is lost in a crash of PostgreSQL is indexed again, so no block has to wait for the disk. */
const database = new URL(databaseUrl);
database.searchParams.set("options", "-c synchronous_commit=off");

export default createConfig({
  ordering: "multichain",
  database: { kind: "postgres", connectionString: database.href, poolConfig: { max: 10 } },
  chains: {
    home: {
      id: chainId,
      rpc: rpcUrl,
      ...(wsUrl && { ws: wsUrl }),
      disableCache: isLocal,
      pollingInterval: isLocal ? 200 : 1_000,
    },
  },
  contracts: { CreditEscrow: { abi: creditEscrowAbi, chain: "home", address: escrow, startBlock } },
});
