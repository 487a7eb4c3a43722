import { formatUsd, microToNano, microUsdc, parseUsd } from "@infr/money";
import type { Agreement } from "./agreement.ts";
import { must, type Signed } from "./session.ts";
import { type Part, patiently } from "./support.ts";
import { openWallet } from "./wallet.ts";

const MIN_PAYOUT_MICRO = 10_000_000n;

/** The operator withdraws what has matured; what was just earned is held for 24 to 48 hours. */
export async function payout({
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
  agreement.equal("the ledger booked it", parseUsd(payout.amount ?? "0"), microToNano(microUsdc(available)));
}

/** Ledger against contract, for everybody and in total. */
export async function reserves({ buyer, agreement }: { buyer: Signed; agreement: Agreement }): Promise<void> {
  agreement.step("Reconciliation");
  const result = must(await buyer.client.GET("/api/reserves"));
  agreement.table([
    ["USDC held by the escrow", result.usdcHeld],
    ["the escrow's liabilities", result.liabilities],
    ["ledger: credit of accounts", result.ledger.credit],
    ["ledger: earnings", result.ledger.earnings],
    ["ledger: vouchers", result.ledger.vouchers],
    ["ledger: metered, unsettled", result.ledger.usage],
    ["ledger: owed for it to operators, gross", result.ledger.unsettled],
  ]);
  agreement.equal(
    "credit + earnings + vouchers = liabilities",
    parseUsd(result.ledger.credit) + parseUsd(result.ledger.earnings) + parseUsd(result.ledger.vouchers),
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
