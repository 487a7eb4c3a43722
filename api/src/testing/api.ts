import { deployAllowanceRecharge, deployEscrow } from "@infr/contracts/testing";
import { startDemoNode } from "@infr/demo-node";
import { nanoUsd } from "@infr/money";
import OpenAI from "openai";
import type { Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";
import { startChain } from "../../../test/chain.ts";
import { buildApp } from "../app.ts";
import { KeyRing } from "../auth/api-keys.ts";
import { openChain } from "../chain/open.ts";
import { readUsdcDomain } from "../chain/usdc-domain.ts";
import { type Config, readConfig } from "../config.ts";
import { openDatabase } from "../db/open.ts";
import type { Sql } from "../db/types.ts";
import { openOnramps } from "../flow/deposit/onramps/open-onramps.ts";
import { openOffRamp } from "../flow/payout/open-off-ramp.ts";
import { openCards } from "../funding/open-cards.ts";
import { newId } from "../ids.ts";
import { BurnRates } from "../inference/burn-rates.ts";
import { openNodeAgent } from "../inference/call-node.ts";
import { NodeHealth } from "../inference/node-health.ts";
import { OpenRuns } from "../inference/open-runs.ts";
import type { Inference } from "../inference/run.ts";
import { keptReconciliation } from "../jobs/reconcile.ts";
import { Batcher } from "../ledger/commit/batcher.ts";
import { renewLease } from "../ledger/commit/store.ts";
import { bookEntries } from "../ledger/entries.ts";
import { ChangeListener } from "../live/change-listener.ts";
import { ChangeTeller } from "../live/change-teller.ts";
import { openPriceBook } from "../metering/price-book.ts";
import { TokenCounter } from "../metering/token-counter.ts";
import { openDirectories } from "../names/open-directories.ts";
import { openOutboundAgent } from "../outbound/post.ts";
import { openScreener } from "../screening/open-screener.ts";
import { testDatabase } from "./database.ts";

/** The first of the chain's well-known funded accounts. */
export const RICH_KEY: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/** The ninth of them, in tests and in development: owns the accounts of users without a wallet. */
export const CUSTODIAN_KEY: Hex = "0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97";

export type TestUser = { accountId: string; cookie: string; key: string; openai: OpenAI; privateKey: Hex };
export type TestApi = Awaited<ReturnType<typeof startApi>>;

/** Tests ask more often than people. */
const RATES = {
  REQUESTS_PER_MINUTE_PER_KEY: "1000000",
  REQUESTS_PER_MINUTE_PER_ADDRESS: "1000000",
  SIGN_INS_PER_MINUTE_PER_ADDRESS: "1000000",
  FAILED_KEYS_PER_MINUTE_PER_ADDRESS: "1000000",
  EMAIL_CODES_PER_HOUR_PER_EMAIL: "1000000",
  EMAIL_CODES_PER_HOUR_PER_ADDRESS: "1000000",
  WRONG_EMAIL_CODES_PER_HOUR_PER_ADDRESS: "1000000",
};

/** Another chain than the usual one: what it answers as, and what is put there before the escrow. */
export type OtherChain = { chainId: number; prepare: (rpcUrl: string) => Promise<{ usdc: Hex }> };

async function openTestChain(other?: OtherChain) {
  const testChain = await startChain(other === undefined ? {} : { chainId: other.chainId });
  const { rpcUrl } = testChain;
  const deployerKey = RICH_KEY;
  const { escrow, usdc, chainId } = await deployEscrow({ rpcUrl, deployerKey, ...(await other?.prepare(rpcUrl)) });
  const variables = {
    RPC_URL: rpcUrl,
    CHAIN_ID: String(chainId),
    ESCROW_ADDRESS: escrow,
    USDC_ADDRESS: usdc,
    ALLOWANCE_RECHARGE_ADDRESS: await deployAllowanceRecharge({ rpcUrl, deployerKey, escrow }),
  };
  return { testChain, chainId, variables };
}

/**
 * The API in this process on a real socket, with a database and a chain of its own and a demo node to route to. What it
 * queues is the relayer's to send.
 */
export async function startApi(
  environment: Record<string, string> = {},
  other?: OtherChain,
  relayer = privateKeyToAccount(RICH_KEY).address,
) {
  const { sql, url, drop } = await testDatabase();
  const { testChain, chainId, variables } = await openTestChain(other);
  const config = readConfig({
    DATABASE_URL: url,
    ...variables,
    MAX_PRICE_PER_MILLION_USD: "10000",
    ALLOW_PRIVATE_NODES: "true",
    DEV: "true",
    CUSTODIAN_ADDRESS: privateKeyToAccount(CUSTODIAN_KEY).address,
    ...RATES,
    ...environment,
  });
  const chain = openChain(config);
  const [instanceId, live] = [newId("inst"), await openLive(sql, url)];
  const inference = await openInference({ sql, config, instanceId, live });
  const app = await buildApp(
    {
      config,
      sql,
      chain,
      relayer,
      usdcDomain: await readUsdcDomain(chain),
      signIn: { sql, client: chain.client, publicUrl: config.publicUrl, chainId, now: () => new Date() },
      keyRing: new KeyRing(sql),
      reserves: keptReconciliation({ sql, chain }, 500),
      inference,
      changes: live.changes,
      instanceId,
      ...openProviders(config),
    },
    false,
  );
  const origin = await app.listen({ host: "127.0.0.1", port: 0 });
  const node = await startDemoNode();
  return {
    app,
    sql,
    databaseUrl: url,
    config,
    chain,
    node,
    origin,
    batcher: inference.batcher,
    health: inference.health,
    chainId,
    signMessage: (privateKey: Hex, overrides: Partial<Parameters<typeof createSiweMessage>[0]>) =>
      signMessage({ origin: config.publicUrl, chainId, privateKey, overrides }),
    stop: async () => {
      const closed = app.close();
      await inference.runs.stop();
      app.server.closeAllConnections();
      await closed;
      await inference.counter.stop();
      await node.stop();
      await inference.agent.destroy();
      await live.stop();
      await testChain.stop();
      await drop();
    },
  };
}

/** Services of others, as far as they are configured. */
const openProviders = (config: Config) => ({
  offRamp: openOffRamp(config),
  cardProcessor: openCards(config),
  onramps: openOnramps(config),
  screener: openScreener(config),
  directories: openDirectories(config, openOutboundAgent({ allowPrivate: config.allowPrivateNodes })),
});

async function openLive(sql: Sql, url: string) {
  const onError = (error: unknown) => console.error(error);
  const changes = new ChangeListener({ open: () => openDatabase({ url, connections: 1 }), onError });
  await changes.start();
  const teller = new ChangeTeller({ sql, onError });
  return { changes, teller, stop: () => Promise.all([teller.stop(), changes.stop()]) };
}

async function openInference({
  sql,
  config,
  instanceId,
  live: { teller, changes },
}: {
  sql: Sql;
  config: Config;
  instanceId: string;
  live: { teller: ChangeTeller; changes: ChangeListener };
}): Promise<Inference> {
  await renewLease(sql, { instanceId, leaseMs: 3_600_000, first: true });
  const health = new NodeHealth();
  return {
    batcher: new Batcher({ sql, instanceId, onCommitted: teller.committed }),
    agent: openNodeAgent({ allowPrivate: true }),
    health,
    priceBook: openPriceBook({ sql, config, changes, loadOf: health.inFlight }),
    counter: new TokenCounter(),
    runs: new OpenRuns(),
    burnRates: new BurnRates(sql),
  };
}

async function signMessage({
  origin,
  chainId,
  privateKey,
  overrides,
}: {
  origin: URL;
  chainId: number;
  privateKey: Hex;
  overrides: Partial<Parameters<typeof createSiweMessage>[0]>;
}) {
  const wallet = privateKeyToAccount(privateKey);
  const message = createSiweMessage({
    address: wallet.address,
    chainId,
    domain: origin.host,
    uri: origin.origin,
    nonce: "00000000",
    version: "1",
    ...overrides,
  });
  return { message, signature: await wallet.signMessage({ message }) };
}

/** A signed-in user with an API key; `through` is the cookie of a link that he has followed. */
export async function newUser(api: TestApi, privateKey: Hex = generatePrivateKey(), through = ""): Promise<TestUser> {
  const { nonce } = (await api.app.inject({ method: "POST", url: "/api/auth/nonce" })).json<{ nonce: string }>();
  const signed = await api.signMessage(privateKey, { nonce });
  const verified = await api.app.inject({
    method: "POST",
    url: "/api/auth/verify",
    headers: { cookie: through },
    payload: signed,
  });
  const cookie = `infr_session=${verified.cookies[0]?.value}`;
  const created = await api.app.inject({
    method: "POST",
    url: "/api/keys",
    headers: { cookie },
    payload: { name: "test" },
  });
  const { key } = created.json<{ key: string }>();
  const openai = new OpenAI({ baseURL: `${api.origin}/v1`, apiKey: key, maxRetries: 0 });
  return { accountId: verified.json<{ account: { id: string } }>().account.id, cookie, key, openai, privateKey };
}

/** Credit in the ledger, as a deposit's event would book it. */
export async function credit(sql: Sql, accountId: string, nano: bigint): Promise<void> {
  await sql.begin((tx) =>
    bookEntries(tx, {
      cause: `deposit:test:${newId("tx")}`,
      entries: [
        {
          debit: { book: "escrow", account: "" },
          credit: { book: "credit", account: accountId },
          amount: nanoUsd(nano),
        },
      ],
    }),
  );
}

type Sale = { url: string; models: string[]; resources?: object[] };

/** Puts a node up for sale by an operator of its own. */
export async function sellNode(api: TestApi, sale: Sale): Promise<TestUser> {
  const operator = await newUser(api);
  await registerNode(api, operator, sale);
  return operator;
}

/** Puts a user's node up for sale. */
export async function registerNode(
  api: TestApi,
  user: TestUser,
  { url, models, resources = [] }: Sale,
): Promise<{ id: string }> {
  const offered = models.map((id) => ({
    id,
    promptPerMillion: "100",
    completionPerMillion: "200",
    contextLength: 32_768,
    maxCompletionTokens: 1_024,
  }));
  const answer = await api.app.inject({
    method: "POST",
    url: "/api/nodes",
    headers: { cookie: user.cookie },
    payload: { name: "demo", url, models: offered, resources },
  });
  if (answer.statusCode !== 201) throw new Error(answer.body);
  return answer.json();
}
