import { setTimeout } from "node:timers/promises";
import { formatUsd, microToNano, parseUsdc } from "@infr/money";
import { operationTypedData } from "@infr/protocol";
import type { Hex } from "viem";
import { type Request, UsageError } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { recipientOf } from "./recipient.ts";
import { type ApiConfig, type Ask, signIn, walletOf } from "./session.ts";

const PAUSE_MS = 500;
const PATIENCE_MS = 600_000;

interface Transfer {
  id: string;
  state: "awaiting_signature" | "pending" | "unclaimed" | "completed" | "returned" | "expired" | "failed";
  reason: string | null;
  amount: string;
  transactionHash: Hex | null;
  claimUntil: string | null;
  order: { typedData: { primaryType: string; message: Record<string, string | number> } } | null;
}

/** `infr send <amount> <recipient>`: prepares, signs and follows a transfer until the recipient can spend it. */
export async function send(request: Request): Promise<Outcome> {
  const [amount, recipient, ...more] = request.words;
  if (amount === undefined || recipient === undefined || more.length > 0)
    throw new UsageError("Say how much and to whom: infr send 12.5 0x…. --help shows more.");
  const { ask, config } = await signIn(request);
  const body = { to: recipientOf(recipient), amount, memo: request.memo ?? "", dryRun: request.dryRun };
  // One key for this command line: what is asked again after a lost answer is the same transfer.
  const headers = { "idempotency-key": request.key ?? crypto.randomUUID() };
  if (request.dryRun) {
    const preview = await ask<{ shareableAfter: string; to: Found }>("/api/transfers", { body, headers });
    const { name, wallet, account } = preview.to;
    return {
      said: [
        `To ${[name, wallet ?? account].filter(Boolean).join(": ")}. It would go through. $${preview.shareableAfter} could still be shared after it.`,
      ],
      result: preview,
    };
  }
  const prepared = await ask<Transfer>("/api/transfers", { body, headers });
  const isClaim = "email" in body.to;
  const last = await follow(ask, prepared, async (transfer) => {
    const signature = await sign(request, { transfer, config, amount, isClaim });
    return ask<Transfer>(`/api/transfers/${transfer.id}/signature`, { body: { signature } });
  });
  if (last.state === "unclaimed")
    return {
      said: [`$${last.amount} wait for ${recipient} until ${last.claimUntil}: ${last.id}`],
      result: last,
    };
  if (last.state !== "completed")
    throw new UsageError(`${last.id} has ${last.state}: ${last.reason ?? "no reason given"}`);
  return {
    said: [`$${last.amount} sent to ${recipient}: ${last.id}, transaction ${last.transactionHash}`],
    result: last,
  };
}

/** Whom it is for, as found. */
type Found = { name: string; wallet: string | null; account: string | null };

async function follow(ask: Ask, first: Transfer, submit: (transfer: Transfer) => Promise<Transfer>): Promise<Transfer> {
  const until = Date.now() + PATIENCE_MS;
  for (let transfer = first; ; ) {
    if (transfer.state === "awaiting_signature" && transfer.order) transfer = await submit(transfer);
    else if (transfer.state === "awaiting_signature" || transfer.state === "pending") {
      if (Date.now() > until)
        throw new UsageError(`${transfer.id} is ${transfer.state} still. Ask again later: it goes on without you.`);
      await setTimeout(PAUSE_MS);
      transfer = await ask<Transfer>(`/api/transfers/${transfer.id}`);
    } else return transfer;
  }
}

/**
 * Signs what was asked for and nothing else: the API's word counts for the numbers of the two accounts only. For an e-mail
 * address it is a voucher, and whose key that is only the API knows.
 */
async function sign(
  request: Request,
  { transfer, config, amount, isClaim }: { transfer: Transfer; config: ApiConfig; amount: string; isClaim: boolean },
): Promise<Hex> {
  const { primaryType, message } = transfer.order?.typedData ?? { primaryType: "", message: {} };
  const micro = BigInt(message["amount"] ?? 0);
  if (primaryType !== (isClaim ? "CreateVoucher" : "Transfer") || micro !== parseUsdc(amount))
    throw new UsageError(
      `The API asks to sign a ${primaryType} of $${formatUsd(microToNano(micro as ReturnType<typeof parseUsdc>))}, not a transfer of $${amount}. Nothing was signed.`,
    );
  const at = { chainId: config.chainId, escrow: (request.escrow as Hex | undefined) ?? config.contracts.escrow };
  const order = {
    from: Number(message["from"]),
    to: Number(message["to"]),
    amount: micro,
    nonce: BigInt(message["nonce"] ?? 0),
    deadline: Number(message["deadline"]),
  };
  const voucher = { key: String(message["key"]) as Hex, expiry: Number(message["expiry"]) };
  const typedData = isClaim
    ? operationTypedData(at, "CreateVoucher", { ...order, ...voucher })
    : operationTypedData(at, "Transfer", { ...order, memo: String(message["memo"]) as Hex });
  return walletOf(request).signTypedData(typedData);
}
