import { microUsdc } from "@infr/money";
import { type Batch, encodeLines, settlementTypedData } from "@infr/protocol";
import { encodeFunctionData } from "viem";
import { creditEscrowAbi } from "../abi/index.ts";
import type { BenchChain } from "./bench-chain.ts";
import { MEMO } from "./measure-deposits.ts";

/** Numbers of the accounts that a batch of `count` debits touches: every other one is left out. */
const debtorAt = (index: number): number => 2 + 2 * index;
/** Numbers of the earners: far apart. */
export const earnerAt = (index: number): number => 3 + 40 * index;

/** What batches are paused with, see `Group` in the contract. */
const SETTLEMENT_GROUP = 2;

interface Settled {
  batch: Batch;
  gas: number;
  bytes: number;
}

/** A batch of `count` debits between $0.20 and $2, and 5 % as many credits. */
export async function settle(chain: BenchChain, count: number): Promise<Settled> {
  const escrow = { address: chain.escrow, abi: creditEscrowAbi } as const;
  const [seq, prev] = await chain.reader.readContract({ ...escrow, functionName: "nextBatch" });
  const now = await chain.now();
  const amounts = Array.from({ length: count }, (_, index) => 200_000n + BigInt((index * 7919) % 1_800_000));
  const gross = amounts.reduce((sum, amount) => sum + amount, 0n);
  const earners = Math.max(1, Math.floor(count / 20));
  const each = gross / BigInt(earners);
  const batch: Batch = {
    seq,
    prev,
    receiptsRoot: MEMO,
    periodEnd: now,
    deadline: now + 300,
    debits: encodeLines(amounts.map((amount, index) => ({ id: debtorAt(index), amount: microUsdc(amount) }))),
    credits: encodeLines(
      Array.from({ length: earners }, (_, index) => ({
        id: earnerAt(index),
        amount: microUsdc(index === 0 ? gross - each * BigInt(earners - 1) : each),
      })),
    ),
    referrals: "0x",
  };
  const signature = await chain.operator.signTypedData(settlementTypedData(chain, batch));
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "settle", args: [batch, signature] });
  return { batch, gas: await chain.gasOf(chain.escrow, data), bytes: (data.length - 2) / 2 };
}

/** Each size twice: the second batch finds its slots written and its earners known. */
export async function measureSettle(chain: BenchChain) {
  const settled = new Map<number, Settled>();
  for (const count of [10, 100, 500, 1000]) {
    await settle(chain, count);
    settled.set(count, await settle(chain, count));
  }
  const of = (count: number): { gas: number; bytes: number } => settled.get(count) ?? { gas: 0, bytes: 0 };
  const line = (of(1000).gas - of(500).gas) / 525;
  return {
    settleLineGas: Math.round(line),
    settleFixedGas: Math.round(of(500).gas - line * 525),
    settle10Gas: of(10).gas,
    settle100Gas: of(100).gas,
    settle500Gas: of(500).gas,
    settle1050Gas: of(1000).gas,
    settle1050Bytes: of(1000).bytes,
  };
}

/** Undoes two batches, the newest first, that were settled for it; the guardian has to pause settlement before. */
export async function measureVoid(chain: BenchChain): Promise<{ voidLineGas: number; void1050Gas: number }> {
  const small = await settle(chain, 500);
  const large = await settle(chain, 1000);
  const pause = [SETTLEMENT_GROUP, (await chain.now()) + 3_600] as const;
  const pauseData = encodeFunctionData({ abi: creditEscrowAbi, functionName: "pause", args: pause });
  await chain.gasOf(chain.escrow, pauseData);
  const undo = ({ batch }: Settled): Promise<number> =>
    chain.gasOf(chain.escrow, encodeFunctionData({ abi: creditEscrowAbi, functionName: "void", args: [batch] }));
  const [void1050Gas, void525Gas] = [await undo(large), await undo(small)];
  return { voidLineGas: Math.round((void1050Gas - void525Gas) / 525), void1050Gas };
}
