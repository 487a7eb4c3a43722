import { formatUsd, microToNano, microUsdc } from "@infr/money";
import { type Hex, toHex } from "viem";
import type { Agreement } from "./agreement.ts";
import { must, type Signed } from "./session.ts";
import { entries, onChain, type Part, patiently } from "./support.ts";
import type { Wallet } from "./wallet.ts";

const DEPOSIT_MICRO = microUsdc(25_000_000n);

/** Three ways in: opening deposit, deposit, gasless deposit. Each is spendable once its event is booked. */
export async function deposits({
  wallet,
  buyer,
  agreement,
}: Part & { wallet: Wallet; buyer: Signed }): Promise<number> {
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
