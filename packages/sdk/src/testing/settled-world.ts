import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { deployEscrow } from "@infr/contracts/testing";
import { formatUsd, formatUsdc, microUsdc, nanoToMicro, nanoUsd } from "@infr/money";
import {
  type AccountLeaf,
  type AccountReceipts,
  accountCommitment,
  accountRef,
  buildReceiptsTree,
  type ConcretePrices,
  encodeLines,
  PRIMARY_SALT,
  type ProvenAccount,
  priceText,
  priceVersionOf,
  type Receipt,
  type ReceiptsTree,
  settlementTypedData,
} from "@infr/protocol";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  type Hex,
  http,
  keccak256,
  stringToHex,
  zeroHash,
} from "viem";
import { privateKeyToAccount, privateKeyToAddress } from "viem/accounts";
import { startChain } from "../../../../test/chain.ts";

/** The first of the chain's well-known funded accounts: it deploys, funds, signs and settles. */
const RICH_KEY: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const rich = privateKeyToAccount(RICH_KEY);
const OPERATOR = 2;
const FIRST_BUYER = 3;
const DEPOSIT = 50_000_000n;

const MODEL_PRICES: ConcretePrices = {
  node: "node_1",
  kind: "model",
  product: "demo/large",
  prompt: nanoUsd(801n),
  cached: nanoUsd(401n),
  completion: nanoUsd(1_203n),
  reasoning: nanoUsd(1_207n),
  unit: "",
  perUnit: nanoUsd(0n),
};
const GPU_PRICES: ConcretePrices = {
  ...MODEL_PRICES,
  kind: "resource",
  product: "gpu",
  prompt: nanoUsd(0n),
  cached: nanoUsd(0n),
  completion: nanoUsd(0n),
  reasoning: nanoUsd(0n),
  unit: "gpu-second",
  perUnit: nanoUsd(277_777n),
};

/** One batch that was settled on a chain of its own. Buyers have the numbers from 3 on. */
export interface SettledWorld {
  rpcUrl: string;
  escrow: Address;
  usdc: Address;
  chainId: number;
  seq: number;
  /** As the API would hand them out. */
  receiptFile: (account: number, index: number) => object;
  accountFile: (account: number) => object;
  stop: () => Promise<void>;
}

const hashOf = (text: string): Hex => keccak256(stringToHex(text));
const owners = new Map<number, Address>();
/** A key's address takes a millisecond to work out, and every receipt needs one. */
function ownerOf(account: number): Address {
  const owner = owners.get(account) ?? privateKeyToAddress(hashOf(`owner of ${account}`));
  owners.set(account, owner);
  return owner;
}
const refOf = (account: number): Hex => accountRef({ owner: ownerOf(account) });
const saltOf = (account: number, index: number): Hex => hashOf(`salt ${account} ${index}`);

/** Every fifth charge is of GPU seconds, every seventh is paid in part by the platform. */
function receiptOf(account: number, index: number): Receipt {
  const prices = index % 5 === 4 ? GPU_PRICES : MODEL_PRICES;
  const [promptTokens, completionTokens, units] = index % 5 === 4 ? [0, 0, 3] : [100 + index, 31 + account, 0];
  const cost =
    BigInt(promptTokens) * prices.prompt +
    BigInt(completionTokens) * prices.completion +
    BigInt(units) * prices.perUnit;
  return {
    requestId: `req_${account}_${index}`,
    accountCommitment: accountCommitment({ ref: refOf(account), salt: saltOf(account, index) }),
    operator: OPERATOR,
    model: prices.product,
    priceVersion: priceVersionOf(prices),
    promptTokens,
    cachedTokens: 0,
    completionTokens,
    reasoningTokens: 0,
    units,
    cost: nanoUsd(cost),
    platformPaid: nanoUsd(index % 7 === 6 ? 1_001n : 0n),
    usageSource: "node",
    time: 1_795_000_000 + index,
  };
}

function accountOf(account: number, receipts: number): AccountReceipts {
  const charged = Array.from({ length: receipts }, (_, index) => receiptOf(account, index));
  const own = charged.reduce((sum, { cost, platformPaid }) => sum + cost - platformPaid, 0n);
  const { micro, remainder } = nanoToMicro(nanoUsd(own));
  return {
    account,
    previousSeq: 0n,
    line: micro,
    carryIn: nanoUsd(0n),
    carryOut: remainder,
    receipts: charged,
  };
}

/** Deploys, deposits for so many buyers, and settles a batch of so many charges for each of them. */
export async function settleWorld({ buyers, receipts }: { buyers: number; receipts: number }): Promise<SettledWorld> {
  const { rpcUrl, stop } = await startChain();
  const { escrow, usdc, chainId } = await deployEscrow({ rpcUrl, deployerKey: RICH_KEY });
  const accounts = Array.from({ length: buyers }, (_, index) => accountOf(FIRST_BUYER + index, receipts));
  const tree = buildReceiptsTree({ accounts });
  const at = { rpcUrl, escrow, usdc, chainId };
  await depositFor(at, FIRST_BUYER + buyers);
  await settle(at, { accounts, root: tree.root });
  return { ...at, seq: 1, ...filesOf({ ...at, tree, receipts }), stop };
}

type Place = Pick<SettledWorld, "rpcUrl" | "escrow" | "usdc" | "chainId">;

/** Calls of the account that has everything, each of which has to succeed. */
function open({ rpcUrl, escrow, usdc }: Place) {
  const client = createPublicClient({ transport: http(rpcUrl), pollingInterval: 20, cacheTime: 0 });
  const wallet = createWalletClient({ account: rich, transport: http(rpcUrl) });
  const done = async (sent: Promise<Hex>): Promise<void> => {
    const { status, transactionHash } = await client.waitForTransactionReceipt({
      hash: await sent,
      checkReplacement: false,
    });
    if (status !== "success") throw new Error(`transaction ${transactionHash} failed`);
  };
  const onToken = { address: usdc, abi: testUsdcAbi, chain: null } as const;
  const onEscrow = { address: escrow, abi: creditEscrowAbi, chain: null } as const;
  return { client, wallet, done, onToken, onEscrow };
}

/** Opens the accounts below a number, each with a deposit. */
async function depositFor(at: Place, end: number): Promise<void> {
  const { wallet, done, onToken, onEscrow } = open(at);
  const all = 10n ** 12n;
  await done(wallet.writeContract({ ...onToken, functionName: "mint", args: [rich.address, all] }));
  await done(wallet.writeContract({ ...onToken, functionName: "approve", args: [at.escrow, all] }));
  await done(wallet.writeContract({ ...onEscrow, functionName: "deposit", args: [1, DEPOSIT, zeroHash] }));
  for (let account = OPERATOR; account < end; account += 1) {
    const args = [ownerOf(account), PRIMARY_SALT, DEPOSIT, zeroHash] as const;
    await done(wallet.writeContract({ ...onEscrow, functionName: "depositFor", args }));
  }
}

async function settle(at: Place, { accounts, root }: { accounts: AccountReceipts[]; root: Hex }): Promise<void> {
  const { client, wallet, done, onEscrow } = open(at);
  const { timestamp } = await client.getBlock();
  const gross = microUsdc(accounts.reduce((sum, { line }) => sum + line, 0n));
  const batch = {
    seq: 1n,
    prev: zeroHash,
    receiptsRoot: root,
    periodEnd: Number(timestamp),
    deadline: Number(timestamp) + 120,
    debits: encodeLines(accounts.map(({ account, line }) => ({ id: account, amount: line }))),
    credits: encodeLines([{ id: OPERATOR, amount: gross }]),
    referrals: "0x",
  } as const;
  const signature = await rich.signTypedData(settlementTypedData(at, batch));
  await done(wallet.writeContract({ ...onEscrow, functionName: "settle", args: [batch, signature] }));
}

function filesOf({ chainId, escrow, tree, receipts }: Place & { tree: ReceiptsTree; receipts: number }) {
  const head = { chainId, escrow: escrow.toLowerCase(), seq: 1, root: tree.root };
  const proven = (account: number): ProvenAccount => {
    const found = tree.accounts.get(account);
    if (!found) throw new Error(`the batch has no account ${account}`);
    return found;
  };
  const leafFields = (account: number) => {
    const { leaf, index, count, proof } = proven(account);
    return { account: leafOnWire(leaf), accountProof: { index, count, proof } };
  };
  return {
    receiptFile: (account: number, index: number) => ({
      kind: "infr receipt 1",
      ...head,
      receipt: receiptOnWire(receiptOf(account, index)),
      ref: refOf(account),
      salt: saltOf(account, index),
      prices: priceText(index % 5 === 4 ? GPU_PRICES : MODEL_PRICES),
      receiptProof: proven(account).receipts.get(`req_${account}_${index}`),
      ...leafFields(account),
    }),
    accountFile: (account: number) => ({
      kind: "infr account batch 1",
      ...head,
      ref: refOf(account),
      ...leafFields(account),
      receipts: Array.from({ length: receipts }, (_, index) => ({
        receipt: receiptOnWire(receiptOf(account, index)),
        salt: saltOf(account, index),
      })),
      prices: [MODEL_PRICES, ...(receipts > 4 ? [GPU_PRICES] : [])].map(priceText),
    }),
  };
}

const receiptOnWire = (receipt: Receipt) => ({
  ...receipt,
  cost: formatUsd(receipt.cost),
  platformPaid: formatUsd(receipt.platformPaid),
});

const leafOnWire = (leaf: AccountLeaf) => ({
  ...leaf,
  previousSeq: Number(leaf.previousSeq),
  line: formatUsdc(leaf.line),
  platformPaid: formatUsd(leaf.platformPaid),
  carryIn: formatUsd(leaf.carryIn),
  carryOut: formatUsd(leaf.carryOut),
});
