import { creditEscrowAbi } from "@infr/contracts/abi";
import { microUsdc, OPERATOR_BPS, parseUsd, shareOf } from "@infr/money";
import { decodeLines } from "@infr/protocol";
import type { Charge } from "./chat.ts";
import { type ProvenCharge, proveCharge } from "./prove.ts";
import type { Signed } from "./session.ts";
import { earnerNumber, type FlowStack, type Part, patiently, usageOf } from "./support.ts";
import { openWallet, type Wallet } from "./wallet.ts";

type Snapshot = { balance: bigint; earned: bigint; carry: bigint; block: bigint };

export async function snapshot({
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

/** The worker's batches take up every charge; each has a receipt that the chain's root proves. */
export async function settlement({
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

/** What the contract moved is what its own batches say: account down by its lines, operator up by 80 %. */
export async function comparison({
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
