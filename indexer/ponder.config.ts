import { creditEscrowAbi } from "@infr/contracts/abi";
import { createConfig } from "ponder";
import { LOCAL_CHAIN_ID, readEnvironment } from "./environment.ts";

const { databaseUrl, rpcUrl, chainId, escrow, startBlock } = readEnvironment();
const isLocal = chainId === LOCAL_CHAIN_ID;

export default createConfig({
  ordering: "multichain",
  database: { kind: "postgres", connectionString: databaseUrl, poolConfig: { max: 10 } },
  chains: {
    home: { id: chainId, rpc: rpcUrl, disableCache: isLocal, pollingInterval: isLocal ? 200 : 1_000 },
  },
  contracts: { CreditEscrow: { abi: creditEscrowAbi, chain: "home", address: escrow, startBlock } },
});
