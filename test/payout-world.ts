import { createRequire } from "node:module";
import { creditEscrowAbi, easPayoutPolicyAbi, testUsdcAbi } from "@infr/contracts/abi";
import { deployPayoutPolicy } from "@infr/contracts/testing";
import { operationTypedData, PRIMARY_SALT } from "@infr/protocol";
import {
  type Abi,
  type Address,
  createTestClient,
  createWalletClient,
  type Hex,
  http,
  parseEventLogs,
  publicActions,
  type TransactionReceipt,
  zeroAddress,
  zeroHash,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { sendTransactions } from "../api/src/chain/outbox.ts";
import { buildBatch } from "../api/src/flow/batch/build-batch.ts";
import { signBatch } from "../api/src/flow/batch/sign-batch.ts";
import { pushPayouts } from "../api/src/flow/payout/push-payouts.ts";
import { submitBatch } from "../api/src/flow/settle/submit-batch.ts";
import { followChain, followedKinds } from "../api/src/jobs/follow-chain.ts";
import { newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../api/src/testing/api.ts";
import { AT_ONCE } from "../api/src/testing/on-chain.ts";
import { waitFor } from "../scripts/process.ts";
import { startIndexer } from "./indexer.ts";

/** All of a deposit can be spent at once: that is tested elsewhere. */
const EVERYTHING = { accountMicro: 10n ** 12n, totalMicro: 10n ** 12n, reviewMicro: 10n ** 12n, screens: false };

const rich = privateKeyToAccount(RICH_KEY);
/** Sends what the worker sends, and nothing else: after a reorganisation its nonces are its own. The chain's second account. */
const relayer = privateKeyToAccount("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
const FOLLOWED = new Set(
  followedKinds.map((kind) => kind.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())),
);
const FINAL_BLOCKS = 70;
const DAY_SECONDS = 86_400;

export type PayoutWorld = Awaited<ReturnType<typeof startPayoutWorld>>;

/**
 * The API in this process on a chain and a database of its own, with the real indexer, and the worker's jobs done by
 * hand. The account that has everything holds every role of the contract.
 */
export async function startPayoutWorld(environment: Record<string, string> = {}) {
  const api = await startApi(environment, undefined, relayer.address);
  const { chain } = api;
  const indexer = await startIndexer({
    databaseUrl: api.databaseUrl,
    rpcUrl: chain.rpcUrl,
    escrow: chain.escrow,
  });
  const anvil = openAnvil(chain.rpcUrl);
  const at = {
    escrow: { address: chain.escrow, abi: creditEscrowAbi },
    usdc: { address: chain.usdc, abi: testUsdcAbi },
  };

  /** Calls a contract, as somebody; the call has to succeed. One at a time: a key's next nonce is what is mined. */
  let last: Promise<unknown> = Promise.resolve();
  const call = (wanted: Call): Promise<TransactionReceipt> => {
    const called = last.then(() => callNow(wanted));
    last = called.catch(() => {});
    return called;
  };
  const callNow = async ({ by = RICH_KEY, ...rest }: Call) => {
    const account = privateKeyToAccount(by);
    if (by !== RICH_KEY) await anvil.setBalance({ address: account.address, value: 10n ** 18n });
    const wallet = createWalletClient({ account, transport: http(chain.rpcUrl) });
    const hash = await wallet.writeContract({ chain: null, account, ...rest });
    const receipt = await anvil.waitForTransactionReceipt({ hash, checkReplacement: false, pollingInterval: 20 });
    if (receipt.status !== "success") throw new RevertedError(rest.functionName);
    return receipt;
  };
  const worker = workerOf(api, anvil);

  await call({ ...at.usdc, functionName: "mint", args: [rich.address, 10n ** 13n] });
  await call({ ...at.usdc, functionName: "approve", args: [chain.escrow, 10n ** 13n] });
  await call({ ...at.escrow, functionName: "deposit", args: [1, 1_000_000_000n, zeroHash] });

  /** Deposits for a user, which opens his account. @returns its number */
  const deposit = async (user: TestUser, micro: bigint): Promise<number> => {
    const owner = privateKeyToAccount(user.privateKey).address;
    await call({ ...at.escrow, functionName: "depositFor", args: [owner, PRIMARY_SALT, micro, zeroHash] });
    return anvil.readContract({ ...at.escrow, functionName: "idOf", args: [owner] });
  };

  return {
    ...at,
    api,
    anvil,
    /** Who sends what the worker sends. */
    relayer: relayer.address,
    call,
    ...worker,
    deposit,
    newUser: () => newUser(api),
    stop: async () => {
      await indexer.stop();
      await api.stop();
    },
  };
}

/** The worker's jobs, by hand. */
function workerOf({ sql, chain, config }: TestApi, anvil: ReturnType<typeof openAnvil>) {
  const context = { sql, chain, relayer: relayer.address, screener: null };
  const { offRampAddress } = config;
  const follow = () => followChain({ sql, chain, offRampAddress, trust: EVERYTHING });
  const push = () => pushPayouts(context);
  const send = () => sendTransactions({ sql, chain, account: relayer, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });
  const round = async () => {
    await push();
    await send();
    await follow();
  };
  /** Does the worker's jobs until something is so. */
  const until = (what: string, check: () => Promise<unknown>) =>
    waitFor({
      what,
      timeoutMs: 60_000,
      check: async () => {
        await round();
        return check();
      },
    });
  /** Until every event so far that the ledger follows is booked. */
  const booked = () =>
    until("the ledger to have followed the chain", async () => {
      const logs = await anvil.getContractEvents({ address: chain.escrow, abi: creditEscrowAbi, fromBlock: 0n });
      const [row] = await sql<[{ n: number }]>`
        select count(*)::int as n from chain_events where reversed_at is null`;
      return row.n === logs.filter(({ eventName }) => FOLLOWED.has(eventName)).length;
    });
  /** Takes the chain's clock forward, and makes everything before final. */
  const pass = async (days: number) => {
    await anvil.increaseTime({ seconds: days * DAY_SECONDS });
    await anvil.mine({ blocks: FINAL_BLOCKS });
  };
  /** Builds a batch of what was bought so far. @returns how many captures */
  const build = async (): Promise<number> => {
    await pass(0);
    await follow();
    return buildBatch({ sql, chain }, AT_ONCE);
  };
  /** Signs the open batch, and submits it, again if need be. */
  const bringToChain = async () => {
    await signBatch({ sql, chain, settler: rich });
    await submitBatch(context);
  };
  /** Settles what was bought so far. */
  const settle = async () => {
    if ((await build()) === 0) throw new Error("there was nothing to settle");
    await bringToChain();
    await until("the batch to be booked", async () => {
      const [open] = await sql`select from batches where state in ('built', 'signed', 'submitted')`;
      return open === undefined;
    });
  };
  return { push, round, until, booked, pass, build, bringToChain, settle };
}

const openAnvil = (rpcUrl: string) =>
  createTestClient({ mode: "anvil", transport: http(rpcUrl) }).extend(publicActions);

/** A transaction was mined and undone: what it was made for had changed since. */
export class RevertedError extends Error {
  override readonly name = "RevertedError";
}

type Call = { by?: Hex; address: Address; abi: Abi; functionName: string; args: readonly unknown[] };

/** A node that asks $0.01 a token, and nothing for prompts, so that a few answers make a payout. */
export async function sellDearNode(api: TestApi, id = "demo/large"): Promise<TestUser> {
  const operator = await newUser(api);
  const model = {
    promptPerMillion: "0",
    completionPerMillion: "10000",
    contextLength: 32_768,
    maxCompletionTokens: 16_384,
  };
  const answer = await api.app.inject({
    method: "POST",
    url: "/api/nodes",
    headers: { cookie: operator.cookie },
    payload: { name: "dear", url: api.node.url, models: [{ id, ...model }] },
  });
  if (answer.statusCode !== 201) throw new Error(answer.body);
  return operator;
}

/** Makes a buyer spend so many dollars at the dear node, in answers of $10 at most. */
export async function spend(buyer: TestUser, dollars: number, model = "demo/large"): Promise<void> {
  for (let left = dollars; left > 0; left -= 10) {
    const tokens = Math.min(left, 10) * 100;
    await buyer.openai.chat.completions.create({
      model,
      messages: [{ role: "user", content: `Write ${tokens} tokens.` }],
      max_tokens: tokens,
    });
  }
}

/** Raises what batches may debit of an account in a day: the default is $200. */
export async function raiseDayLimit(world: PayoutWorld, { user, number }: { user: TestUser; number: number }) {
  const { api, anvil, call, escrow } = world;
  const account = privateKeyToAccount(user.privateKey);
  const { nonce } = await anvil.readContract({ ...escrow, functionName: "accountOf", args: [number] });
  const { timestamp } = await anvil.getBlock();
  const limit = { account: number, perDay: 100_000_000_000, deadline: Number(timestamp) + 3_600 };
  const at = { chainId: api.chainId, escrow: api.chain.escrow };
  const signature = await account.signTypedData(operationTypedData(at, "DayLimit", { ...limit, nonce }));
  await call({ ...escrow, functionName: "setDayLimit", args: [limit, signature] });
}

const artifact = (name: string): { abi: Abi; bytecode: Hex } =>
  createRequire(import.meta.url)(
    `@ethereum-attestation-service/eas-contracts/artifacts/contracts/${name}.sol/${name}.json`,
  );

/** The Ethereum Attestation Service itself, with a schema, and the contract's policy set to believe one attester. */
export async function deployAttestations({ api, anvil, call, escrow }: PayoutWorld) {
  const deploy = async ({ abi, bytecode }: { abi: Abi; bytecode: Hex }, args: unknown[] = []): Promise<Address> => {
    const wallet = createWalletClient({ account: rich, transport: http(api.chain.rpcUrl) });
    const hash = await wallet.deployContract({ abi, bytecode, args, chain: null });
    const { contractAddress } = await anvil.waitForTransactionReceipt({
      hash,
      checkReplacement: false,
      pollingInterval: 20,
    });
    if (!contractAddress) throw new Error("nothing was deployed");
    return contractAddress;
  };
  const [eas, registry] = [artifact("EAS"), artifact("SchemaRegistry")];
  const registryAddress = await deploy(registry);
  const easAddress = await deploy(eas, [registryAddress]);
  const registered = await call({
    address: registryAddress,
    abi: registry.abi,
    functionName: "register",
    args: ["bool verified", zeroAddress, true],
  });
  const schema = registered.logs[0]?.topics[1] ?? zeroHash;
  const policy = await deployPayoutPolicy({
    rpcUrl: api.chain.rpcUrl,
    deployerKey: RICH_KEY,
    eas: easAddress,
    schema,
    attester: rich.address,
  });
  await call({ ...escrow, functionName: "setPayoutPolicy", args: [policy] });
  const at = { address: easAddress, abi: eas.abi };
  return {
    /** Attests that a wallet's owner is known, and registers it with the policy. @returns the attestation's id */
    verify: async (recipient: Address): Promise<Hex> => {
      const data = {
        recipient,
        expirationTime: 0n,
        revocable: true,
        refUID: zeroHash,
        data: `0x${"0".repeat(63)}1`,
        value: 0n,
      };
      const { logs } = await call({ ...at, functionName: "attest", args: [{ schema, data }] });
      const [attested] = parseEventLogs({ abi: eas.abi, eventName: "Attested", logs }) as unknown as Array<{
        args: { uid: Hex };
      }>;
      const uid = attested?.args.uid ?? zeroHash;
      await call({ address: policy, abi: easPayoutPolicyAbi, functionName: "register", args: [uid] });
      return uid;
    },
    revoke: (uid: Hex) => call({ ...at, functionName: "revoke", args: [{ schema, data: { uid, value: 0n } }] }),
  };
}
