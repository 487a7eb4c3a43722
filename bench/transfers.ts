import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { parseUsd } from "@infr/money";
import type { TypedDataDefinition } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { must, type Signed, signIn } from "../scripts/flow/session.ts";
import { openWallet } from "../scripts/flow/wallet.ts";
import { startStack } from "../test/stack.ts";
import { median, quantile } from "./load.ts";
import { openDatabase } from "./world.ts";

/**
 * How long a transfer takes from its request until the recipient can spend it, through the real API, worker, chain of
 * 200 ms blocks and indexer; beside it, what the contract's own call takes until it is mined.
 *
 *   pnpm bench transfers [--transfers 60]
 */
const { values } = parseArgs({ options: { transfers: { type: "string", default: "60" } } });
const transfers = Number(values.transfers);
const DEPOSIT_MICRO = 100_000_000n;
const AMOUNT = "0.25";
const POLL_MS = 10;
const PATIENCE_MS = 30_000;

const database = await openDatabase();
const stack = await startStack({ database: { url: database.url, drop: database.stop }, announced: true });
try {
  const sender = privateKeyToAccount(stack.buyer.privateKey);
  const buyer = await signIn(stack, stack.buyer.privateKey);
  const wallet = openWallet(stack, stack.buyer.privateKey);
  await wallet.approve(10n * DEPOSIT_MICRO);
  await wallet.depositFor(DEPOSIT_MICRO, `0x${"00".repeat(32)}`);
  await hasCome(buyer, parseUsd("100"));
  const { account } = must(await buyer.client.GET("/api/account"));
  const friend = await signIn(stack, generatePrivateKey());

  const spendable: number[] = [];
  const mined: number[] = [];
  let expected = 0n;
  for (let n = 0; n <= transfers; n += 1) {
    expected += parseUsd(AMOUNT);
    const askedAt = performance.now();
    await transfer(n);
    await hasCome(friend, expected);
    const took = performance.now() - askedAt;
    const sentAt = performance.now();
    await wallet.deposit(account.chainAccount ?? 0, 5_000_000n, `0x${"00".repeat(32)}`);
    // The first one opens the recipient's account, and warms everything up.
    if (n > 0) {
      spendable.push(took);
      mined.push(performance.now() - sentAt);
    }
  }
  const sorted = spendable.toSorted((a, b) => a - b);
  console.log(
    JSON.stringify({
      transfers,
      spendableP50Ms: Math.round(median(spendable)),
      spendableP99Ms: Math.round(quantile(sorted, 0.99)),
      minedP50Ms: Math.round(median(mined)),
      spendableToMined: Number((median(spendable) / median(mined)).toFixed(2)),
    }),
  );

  async function transfer(n: number): Promise<void> {
    const headers = { params: { header: { "idempotency-key": `bench-${n}` } } };
    const body = { to: { account: friend.account.id }, amount: AMOUNT, memo: "", dryRun: false };
    const { id } = must(await buyer.client.POST("/api/transfers", { ...headers, body })) as { id: string };
    const path = { params: { path: { id } } };
    for (const until = Date.now() + PATIENCE_MS; ; await setTimeout(POLL_MS)) {
      const { order } = must(await buyer.client.GET("/api/transfers/{id}", path));
      if (order) {
        const signature = await sender.signTypedData(order.typedData as unknown as TypedDataDefinition);
        must(await buyer.client.POST("/api/transfers/{id}/signature", { ...path, body: { signature } }));
        return;
      }
      if (Date.now() > until) throw new Error("there is nothing to sign");
    }
  }
} finally {
  await stack.stop();
}

/** Waits until so much can be spent. */
async function hasCome({ client }: Signed, nano: bigint): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; ; await setTimeout(POLL_MS)) {
    const { spendable } = must(await client.GET("/api/balance"));
    if (parseUsd(spendable) >= nano) return;
    if (Date.now() > until) throw new Error("credit does not come");
  }
}
