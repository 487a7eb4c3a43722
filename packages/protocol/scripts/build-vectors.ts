import { microUsdc, nanoUsd } from "@infr/money";
import { concatHex, type Hex, hashTypedData, keccak256, sliceHex, stringToHex } from "viem";
import * as protocol from "../src/index.ts";
import { liabilityVectors } from "./liability-vectors.ts";

/** Fixed inputs and what becomes of them: Solidity and TypeScript both have to arrive at the same bytes. */
const word = (text: string): Hex => keccak256(stringToHex(text));
const at = { chainId: 8453, escrow: "0x00000000000000000000000000000000000e5c40" } as const;
const owner = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

const lines = {
  debits: [
    { id: 1, amount: microUsdc(7n) },
    { id: 42, amount: microUsdc(1_234_567n) },
    { id: 4_294_967_295, amount: protocol.MAX_LINE },
  ],
  credits: [
    { id: 2, amount: microUsdc(1_234_574n) },
    { id: 65_536, amount: protocol.MAX_LINE },
  ],
  referrals: [{ id: 9, amount: microUsdc(1_000n) }],
};

const RECEIPTS_OF = [
  { account: 1, receipts: 1, line: 13n, carryIn: 0n, carryOut: 0n },
  { account: 42, receipts: 5, line: 60_015n, carryIn: 10n, carryOut: 25n },
  { account: 77, receipts: 2, line: 12_003n, carryIn: 0n, carryOut: 6n },
];

function receipt(account: number, index: number): protocol.Receipt {
  const paidByPlatform = account === 1 || index === 4;
  const cost = paidByPlatform ? 13_000n : account === 42 ? 15_000_000n + BigInt(index === 0 ? 15_015 : 0) : 6_001_503n;
  return {
    requestId: `req_${account}_${index}`,
    accountCommitment: protocol.accountCommitment({ ref: word(`ref ${account}`), salt: word(`salt ${index}`) }),
    operator: 65_536,
    model: "demo/large",
    priceVersion: word("prices 3"),
    promptTokens: 100 + index,
    cachedTokens: 20 * index,
    completionTokens: 300,
    reasoningTokens: index % 2 === 0 ? 0 : 17,
    units: index === 3 ? 86_400 : 0,
    cost: nanoUsd(cost),
    platformPaid: nanoUsd(paidByPlatform ? cost : 0n),
    usageSource: protocol.USAGE_SOURCES[index % 3] ?? "node",
    time: 1_795_000_000 + index,
  };
}

/** One of each operation: the hash of its struct, and what the clearer's signature over it would cover. */
function operations() {
  const key = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
  const [nonce, deadline, expiry] = [5n, 1_795_000_600, 1_797_000_000];
  const messages: protocol.OperationMessages = {
    Transfer: { from: 42, to: 77, amount: 1_234_567n, memo: word("memo"), nonce, deadline },
    CreateVoucher: { from: 42, key, amount: 25_000_000n, to: 0, expiry, nonce, deadline },
    Redeem: { key, to: 77, from: 42, expiry, nonce },
    DayLimit: { account: 42, perDay: 500_000_000, nonce, deadline },
    RotateOwner: { account: 42, owner, nonce, deadline },
  };
  const hash = (name: protocol.OperationName) => protocol.operationHash(name, messages[name]);
  const names = ["Transfer", "CreateVoucher", "Redeem", "DayLimit", "RotateOwner"] as const;
  const clearance = protocol.clearanceTypedData(at, { operation: hash("Transfer"), deadline });
  return {
    messages,
    hashes: Object.fromEntries(names.map((name) => [name, hash(name)])),
    clearanceDigest: hashTypedData(clearance),
  };
}

/** Codes as typed, and the keys they come to, with and without a server secret. */
function vouchers() {
  const serverSecret = word("server secret");
  const typed = ["0123456789ABCDEFGHJKMNPQRS", "zzzzz-zzzzz-zzzzz-zzzzz-zzzzzz", "oOiIl-L1234-tvwxy-zabcd-efghjk"];
  return typed.map((text, index) => {
    const code = protocol.parseVoucherCode(text);
    const secret: Hex = index === 2 ? serverSecret : "0x";
    return { typed: text, code, serverSecret: secret, ...protocol.deriveVoucherKey({ code, serverSecret: secret }) };
  });
}

/** Suffixes of plain transfers, alone and with what Base apps add (ERC-8021, schemas 0 and 2). */
function memos() {
  const [account, amount] = [4_242_424, 25_000_000n];
  const calldata = protocol.encodeMemoTransfer(at, { account, amount });
  const foreign = [
    "0x62617365617070070080218021802180218021802180218021",
    "0xa161616762617365617070000b0280218021802180218021802180218021",
  ] as const;
  const suffix = protocol.encodeMemoSuffix(at, account);
  const transfer = sliceHex(calldata, 0, 68);
  const readAsAccount = [
    calldata,
    ...foreign.flatMap((other) => [concatHex([calldata, other]), concatHex([transfer, other, suffix])]),
  ];
  return { at, account, amount, suffix, readAsAccount };
}

/** The content of `vectors/vectors.json`: integers as decimal strings. */
export function buildVectors(): string {
  const encoded = {
    debits: protocol.encodeLines(lines.debits),
    credits: protocol.encodeLines(lines.credits),
    referrals: protocol.encodeLines(lines.referrals),
  };
  const accounts = RECEIPTS_OF.map(({ account, receipts, line, carryIn, carryOut }) => ({
    account,
    previousSeq: BigInt(account === 42 ? 6 : 0),
    line: microUsdc(line),
    carryIn: nanoUsd(carryIn),
    carryOut: nanoUsd(carryOut),
    receipts: Array.from({ length: receipts }, (_, index) => receipt(account, index)),
  }));
  const tree = protocol.buildReceiptsTree({ accounts });
  const batch: protocol.Batch = {
    seq: 7n,
    prev: protocol.storedDigest(word("previous")),
    receiptsRoot: tree.root,
    periodEnd: 1_795_000_123,
    deadline: 1_795_000_723,
    ...encoded,
  };
  const digest = protocol.settlementDigest(at, batch);
  const ref = protocol.accountRef({ owner, salt: word("team") });
  const deposit = { owner, salt: word("team"), memo: word("memo"), nonceSalt: word("nonce") };
  const vectors = {
    lines: { ...lines, encoded },
    deposit: { ...deposit, ref, nonce: protocol.authorizationNonce({ ref, ...deposit }) },
    settlement: { at, batch, digest, storedDigest: protocol.storedDigest(digest) },
    operations: operations(),
    vouchers: vouchers(),
    memos: memos(),
    receipts: { root: tree.root, claims: accounts.flatMap((each) => claimsOf(tree, each)) },
    liabilities: liabilityVectors(),
  };
  return `${JSON.stringify(vectors, (_, value) => (typeof value === "bigint" ? String(value) : value), 2)}\n`;
}

/** Everything to verify each receipt with, ready for {@link protocol.verifyReceipt}. */
function claimsOf(tree: protocol.ReceiptsTree, { account, receipts }: protocol.AccountReceipts) {
  const proven = tree.accounts.get(account) as protocol.ProvenAccount;
  const { leaf, index, count, proof } = proven;
  return receipts.map((each) => ({
    receipt: each,
    receiptLeaf: protocol.receiptLeaf(each),
    receiptProof: proven.receipts.get(each.requestId),
    account: leaf,
    accountLeaf: protocol.accountLeaf(leaf),
    accountProof: { index, count, proof },
  }));
}
