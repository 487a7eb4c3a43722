import { creditEscrowAbi } from "@infr/contracts/abi";
import { formatUsd, microToNano, microUsdc, type NanoUsd, OPERATOR_BPS, parseUsd, shareOf } from "@infr/money";
import { decodeLines } from "@infr/protocol";
import { type Hex, toHex } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { waitFor } from "../process.ts";
import { Agreement } from "./agreement.ts";
import { type Charge, chat, refusedFor } from "./chat.ts";
import { type ProvenCharge, proveCharge } from "./prove.ts";
import { must, type Signed, signIn } from "./session.ts";
import { type FlowChain, openWallet, type Wallet } from "./wallet.ts";

const DEPOSIT_MICRO = microUsdc(25_000_000n);
const MIN_PAYOUT_MICRO = 10_000_000n;
const MODEL = "demo/large";

/** A running stack, as `.infr/dev.json` describes it. */
export type FlowStack = FlowChain & {
  /** Origin of the API, without `/v1`. */
  api: string;
  /** Origin that users see: what SIWE messages are for. */
  web: string;
  buyer: { privateKey: Hex };
  operator: { privateKey: Hex };
};

export type FlowOptions = {
  stack: FlowStack;
  /** Takes a line of evidence. */
  say: (line: string) => void;
  /** Requests at the model's cap: some fifteen make the minimum payout. */
  cappedRequests?: number;
  /** Whether to withdraw what has matured. */
  withdraw: boolean;
};

/**
 * The whole flow, from a USDC deposit to an operator's payout, through the real parts: demo, first integration test and
 * seed of the development data. Every amount is checked to its last unit against what other parts say.
 * @returns true if all amounts agree
 */
export async function runFlow({ stack, say, cappedRequests = 15, withdraw }: FlowOptions): Promise<boolean> {
  const agreement = new Agreement(say);
  const wallet = openWallet(stack, stack.buyer.privateKey);
  const buyer = await signIn(stack, stack.buyer.privateKey);
  const operator = await signIn(stack, stack.operator.privateKey);
  agreement.step("Sign in with Ethereum");
  agreement.note(
    `buyer ${buyer.account.owner} is ${buyer.account.id}, operator ${operator.account.owner} is ${operator.account.id}`,
  );

  const number = await deposits({ stack, wallet, buyer, agreement });
  const earner = await earnerNumber(operator);
  const before = await snapshot({ stack, wallet, number, earner });
  const charges = await chats({ stack, buyer, agreement, cappedRequests });
  await refusal({ stack, agreement });
  await settlement({ stack, buyer, charges, number, agreement });
  await comparison({ stack, wallet, operator, before, number, agreement });
  await payout({ stack, operator, agreement, withdraw });
  await reserves({ buyer, agreement });
  return agreement.complete();
}

type Part = { stack: FlowStack; agreement: Agreement };

/** Three ways in: opening deposit, deposit, gasless deposit. Each is spendable once its event is booked. */
async function deposits({ wallet, buyer, agreement }: Part & { wallet: Wallet; buyer: Signed }): Promise<number> {
  const { client } = buyer;
  agreement.step("Deposit 3 × 25 USDC");
  const before = await onChain(buyer);
  await wallet.approve(2n * DEPOSIT_MICRO);
  const memo = toHex("demo", { size: 32 });
  const first = await wallet.depositFor(DEPOSIT_MICRO, memo);
  await credited({ buyer, hash: first.hash, how: "depositFor (opens the account)", agreement });
  const { account } = must(await client.GET("/api/account"));
  const number = agreement.present("the account has a number in the contract", account.chainAccount);
  await credited({ buyer, hash: (await wallet.deposit(number, DEPOSIT_MICRO, memo)).hash, how: "deposit", agreement });

  const signed = await wallet.signAuthorization({ ref: buyer.account.ref, amount: DEPOSIT_MICRO });
  const amount = formatUsd(microToNano(DEPOSIT_MICRO));
  const { transaction } = must(await client.POST("/api/deposits/authorizations", { body: { ...signed, amount } }));
  const mined = await patiently("the gasless deposit to be mined", async () => {
    const state = must(await client.GET("/api/transactions/{id}", { params: { path: { id: transaction.id } } }));
    return state.state === "failed"
      ? Promise.reject(new Error(`the gasless deposit failed: ${state.error}`))
      : state.hash;
  });
  await credited({ buyer, hash: mined as Hex, how: "ERC-3009 by the outbox", agreement });
  agreement.equal(
    "credit in the ledger rose by the deposits",
    (await onChain(buyer)) - before,
    microToNano(microUsdc(3n * DEPOSIT_MICRO)),
  );
  agreement.equal(
    `account ${number}: contract and ledger agree`,
    microToNano(microUsdc((await wallet.accountOf(number)).balance)),
    await onChain(buyer),
  );
  return number;
}

async function credited({
  buyer,
  hash,
  how,
  agreement,
}: {
  buyer: Signed;
  hash: Hex;
  how: string;
  agreement: Agreement;
}): Promise<void> {
  const since = performance.now();
  const deposit = await patiently(`deposit ${hash} to be credited`, async () => {
    const { deposits } = must(await buyer.client.GET("/api/deposits", { params: { query: { limit: 50 } } }));
    return deposits.find((one) => one.transactionHash === hash && one.status === "credited");
  });
  const afterMs = Math.round(performance.now() - since);
  await entries({ buyer, cause: `deposit:${deposit.id}`, agreement });
  agreement.note(
    `${how}: $${deposit.amount}, transaction ${hash}, block ${deposit.blockNumber}, spendable ${afterMs} ms after it`,
  );
}

/** The official client lists models, completes, streams, and then asks for as much as the model gives. */
async function chats({
  stack,
  buyer,
  agreement,
  cappedRequests,
}: Part & { buyer: Signed; cappedRequests: number }): Promise<Charge[]> {
  agreement.step("Chat with the official OpenAI client");
  const moneyBefore = await money(buyer);
  const usageBefore = new Set((await usageOf(buyer)).map((row) => row.id));
  const { key, prefix } = must(await buyer.client.POST("/api/keys", { body: { name: "demo" } }));
  agreement.note(`API key ${prefix}… (shown once, stored hashed)`);
  const client = { baseUrl: `${stack.api}/v1`, key, model: MODEL };
  const charges = [
    await chat({ ...client, prompt: "Say hello.", maxTokens: 16, stream: false }),
    await chat({ ...client, prompt: "Count to ten.", maxTokens: 32, stream: true }),
  ];
  for (let i = 0; i < cappedRequests; i++) {
    charges.push(await chat({ ...client, prompt: "Write as long as possible.", maxTokens: 1024, stream: i % 2 === 0 }));
  }
  for (const { requestId, tokens, cost } of charges)
    agreement.note(`${requestId}: ${tokens} tokens, $${formatUsd(cost)}`);
  const [first] = charges;
  if (first) await entries({ buyer, cause: `capture:${first.requestId}`, agreement });
  const logged = (await usageOf(buyer)).filter((row) => !usageBefore.has(row.id));
  const loggedTotal = logged.reduce((sum, row) => sum + parseUsd(row.cost), 0n);
  agreement.equal(
    "the account's money fell by what the usage log says",
    moneyBefore - (await money(buyer)),
    loggedTotal,
  );
  const costs = new Map(logged.map((row) => [row.id, parseUsd(row.cost)]));
  const found = charges.filter(({ requestId, cost }) => costs.get(requestId) === cost);
  agreement.equal("answers whose cost stands in the log", BigInt(found.length), BigInt(charges.length));
  return charges;
}

/** Shows what the ledger booked. */
async function entries({
  buyer,
  cause,
  agreement,
}: {
  buyer: Signed;
  cause: string;
  agreement: Agreement;
}): Promise<void> {
  const { entries } = must(await buyer.client.GET("/api/entries", { params: { query: { limit: 10, cause } } }));
  for (const { debit, credit, amount } of entries) agreement.note(`entry ${debit} ← ${credit} $${amount}  (${cause})`);
}

/** Nobody spends what he has not: 402 in OpenAI's shape. */
async function refusal({ stack, agreement }: Part): Promise<void> {
  agreement.step("An empty account is refused");
  const { client } = await signIn(stack, generatePrivateKey());
  const { key } = must(await client.POST("/api/keys", { body: { name: "empty" } }));
  const { status, code, message } = await refusedFor({ baseUrl: `${stack.api}/v1`, key, model: MODEL });
  agreement.equal("HTTP status", BigInt(status), 402n);
  agreement.note(`${code}: ${message}`);
}

/** The worker's batches take up every charge; each has a receipt that the chain's root proves. */
async function settlement({
  stack,
  buyer,
  charges,
  number,
  agreement,
}: Part & { buyer: Signed; charges: Charge[]; number: number }): Promise<void> {
  agreement.step("Batch, sign, settle");
  const proven: ProvenCharge[] = [];
  for (const charge of charges) {
    proven.push(await patiently(`${charge.requestId} to be settled`, () => proveCharge({ stack, buyer, charge })));
  }
  for (const [seq, { transactionHash, gross }] of new Map(proven.map((one) => [one.seq, one]))) {
    agreement.note(`batch ${seq}: gross $${gross}, transaction ${transactionHash}`);
  }
  const [example] = proven;
  if (example)
    agreement.note(`receipt ${example.requestId}: leaf proven against root ${example.root} of batch ${example.seq}`);
  agreement.equal(
    "receipts proven against the chain's roots",
    BigInt(proven.filter((one) => one.valid).length),
    BigInt(charges.length),
  );
  const leaves = new Map(proven.map((one) => [one.seq, one.account]));
  const [first] = leaves.values();
  const last = [...leaves.values()].at(-1);
  const lines = [...leaves.values()].reduce((sum, leaf) => sum + parseUsd(leaf.line), 0n);
  const carried = parseUsd(first?.carryIn ?? "0") - parseUsd(last?.carryOut ?? "0");
  const settled = (await usageOf(buyer)).filter((row) => row.batchSeq !== null && leaves.has(row.batchSeq));
  const used = settled.reduce((sum, row) => sum + parseUsd(row.cost), 0n);
  agreement.equal(
    `lines of account ${number}, and what was carried, are its usage in these batches`,
    lines - carried,
    used,
  );
}

type Snapshot = { balance: bigint; earned: bigint; carry: bigint; block: bigint };

async function snapshot({
  stack,
  wallet,
  number,
  earner,
}: {
  stack: FlowStack;
  wallet: Wallet;
  number: number;
  earner: number | null;
}): Promise<Snapshot> {
  const block = await wallet.reader.getBlockNumber({ cacheTime: 0 });
  const { balance } = await wallet.accountOf(number);
  if (earner === null) return { balance, earned: 0n, carry: 0n, block };
  const word = await openWallet(stack, stack.operator.privateKey).earnerOf(earner);
  return {
    balance,
    earned: word.available + BigInt(word.previous) + BigInt(word.current),
    carry: BigInt(word.carry),
    block,
  };
}

/** What the contract moved is what its own batches say: account down by its lines, operator up by 80 %. */
async function comparison({
  stack,
  wallet,
  operator,
  before,
  number,
  agreement,
}: Part & { wallet: Wallet; operator: Signed; before: Snapshot; number: number }): Promise<void> {
  agreement.step("Check the split on-chain");
  const earner = agreement.present("the operator has a number in the contract", await earnerNumber(operator));
  const after = await snapshot({ stack, wallet, number, earner });
  const events = await wallet.reader.getContractEvents({
    address: stack.contracts.escrow,
    abi: creditEscrowAbi,
    eventName: "BatchSettled",
    fromBlock: before.block + 1n,
    toBlock: after.block,
  });
  const total = (kind: "debits" | "credits", id: number) =>
    events
      .flatMap(({ args }) => decodeLines(args[kind] ?? "0x"))
      .reduce((sum, line) => (line.id === id ? sum + line.amount : sum), 0n);
  agreement.equal(
    "the account's balance fell by its debit lines (µUSDC)",
    before.balance - after.balance,
    total("debits", number),
  );
  const { net } = shareOf({ gross: microUsdc(total("credits", earner)), bps: OPERATOR_BPS, carry: before.carry });
  agreement.equal("the operator earned 80 % of his gross (µUSDC)", after.earned - before.earned, net);
}

/** The operator withdraws what has matured; what was just earned is held for 24 to 48 hours. */
async function payout({
  stack,
  operator,
  agreement,
  withdraw,
}: Part & { operator: Signed; withdraw: boolean }): Promise<void> {
  agreement.step("Earnings and withdrawal");
  const earnings = must(await operator.client.GET("/api/earnings"));
  agreement.note(
    `held $${earnings.held} until ${earnings.nextMaturesAt ?? "—"}, available $${earnings.available}, unsettled $${earnings.unsettled}`,
  );
  const wallet = openWallet(stack, stack.operator.privateKey);
  const earner = agreement.present("earner", earnings.earner);
  const { available } = await wallet.earnerOf(earner);
  if (!withdraw || available < MIN_PAYOUT_MICRO) {
    agreement.note(`nothing to withdraw now: a withdrawal takes $10 of available earnings`);
    return;
  }
  const before = await wallet.usdcBalance();
  const { hash } = await wallet.withdraw(earner, available);
  agreement.note(`withdrew $${formatUsd(microToNano(microUsdc(available)))}, transaction ${hash}`);
  agreement.equal("the operator's wallet holds it (µUSDC)", (await wallet.usdcBalance()) - before, available);
  const payout = await patiently("the payout to be booked", async () => {
    const { payouts } = must(await operator.client.GET("/api/payouts", { params: { query: { limit: 10 } } }));
    return payouts.find((one) => one.transactionHash === hash);
  });
  agreement.equal("the ledger booked it", parseUsd(payout.amount), microToNano(microUsdc(available)));
}

/** Ledger against contract, for everybody and in total. */
async function reserves({ buyer, agreement }: { buyer: Signed; agreement: Agreement }): Promise<void> {
  agreement.step("Reconciliation");
  const result = must(await buyer.client.GET("/api/reserves"));
  agreement.table([
    ["USDC held by the escrow", result.usdcHeld],
    ["the escrow's liabilities", result.liabilities],
    ["ledger: credit of accounts", result.ledger.credit],
    ["ledger: earnings", result.ledger.earnings],
    ["ledger: metered, unsettled", result.ledger.usage],
    ["ledger: owed for it to operators, gross", result.ledger.unsettled],
  ]);
  agreement.equal(
    "credit + earnings = liabilities",
    parseUsd(result.ledger.credit) + parseUsd(result.ledger.earnings),
    parseUsd(result.liabilities),
  );
  agreement.equal(
    "usage metered = gross owed for it",
    parseUsd(result.ledger.usage),
    parseUsd(result.ledger.unsettled),
  );
  agreement.atLeast("USDC held covers liabilities", parseUsd(result.usdcHeld), parseUsd(result.liabilities));
  agreement.equal(`differences at block ${result.block}`, BigInt(result.differences), 0n);
}

const onChain = async ({ client }: Signed): Promise<NanoUsd> =>
  parseUsd(must(await client.GET("/api/balance")).onChain);
/** Spendable and held together: a process that died may leave a hold behind for some seconds. */
const money = async ({ client }: Signed): Promise<bigint> => {
  const { spendable, held } = must(await client.GET("/api/balance"));
  return parseUsd(spendable) + parseUsd(held);
};
const usageOf = async ({ client }: Signed) =>
  must(await client.GET("/api/usage", { params: { query: { limit: 200 } } })).usage;
const earnerNumber = async ({ client }: Signed): Promise<number | null> =>
  must(await client.GET("/api/account")).account.chainAccount;

const LIMIT_MS = 60_000;
/** Waits for what another part of the stack does, as long as it takes on a busy machine. */
const patiently = <T>(what: string, check: () => Promise<T>): Promise<NonNullable<T>> =>
  waitFor({ what, timeoutMs: LIMIT_MS, everyMs: 100, check });
