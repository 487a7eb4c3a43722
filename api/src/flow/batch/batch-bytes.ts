import { microUsdc } from "@infr/money";
import { encodeLines } from "@infr/protocol";
import { type Hex, hexToBytes } from "viem";
import type { ComposedBatch } from "./compose-batch.ts";
import { rootOf } from "./receipts.ts";
import type { BatchBytes } from "./store.ts";

/** What of a batch goes on-chain: its lines, without those of nothing, and its receipts' root. */
export const bytesOf = (batch: ComposedBatch, subRoots: ReadonlyMap<string, Hex>): BatchBytes => ({
  root: rootOf(batch.accounts, subRoots),
  debits: linesOf(batch.accounts),
  credits: linesOf(batch.earners),
  referrals: linesOf(batch.referrers),
});

const linesOf = (lines: ReadonlyArray<{ number: number | null; line: bigint }>): Uint8Array =>
  hexToBytes(
    encodeLines(
      lines.flatMap(({ number, line }) =>
        number === null || line === 0n ? [] : [{ id: number, amount: microUsdc(line) }],
      ),
    ),
  );
