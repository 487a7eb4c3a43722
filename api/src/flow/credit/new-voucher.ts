import { deriveVoucherKey, generateVoucherCode, type VoucherCode } from "@infr/protocol";
import { InvalidInputError } from "../../errors.ts";
import type { MoveContext } from "./move-rules.ts";

/** What a voucher is made of: its code, the address of its key, and seconds of chain time. */
export type NewVoucher = { code: VoucherCode; voucherKey: string; expiry: bigint };

/**
 * A voucher that nobody has yet.
 * @param forOne its key has the platform's secret in it too: then nobody can redeem it past the API
 * @throws InvalidInputError where there is no such secret
 */
export async function newVoucher(
  { chain, voucherSecret }: MoveContext,
  { forOne, seconds, param }: { forOne: boolean; seconds: number; param: string },
): Promise<NewVoucher> {
  if (forOne && voucherSecret === null)
    throw new InvalidInputError(
      "Credit for one person's address only is not offered here. Leave the lock out, or send it to a wallet or an account.",
      param,
    );
  const code = generateVoucherCode();
  const { address } = deriveVoucherKey({ code, serverSecret: (forOne && voucherSecret) || "0x" });
  const { timestamp } = await chain.client.getBlock();
  return { code, voucherKey: address.toLowerCase(), expiry: timestamp + BigInt(seconds) };
}
