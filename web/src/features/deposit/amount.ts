import { formatUsdc, InvalidAmountError, type MicroUsdc, parseUsdc } from "@infr/money";
import { displayUsd } from "../../lib/format.ts";

interface AmountRules {
  minimum: MicroUsdc;
  /** What the wallet holds; unknown while it is being read. */
  available: bigint | undefined;
}

export type CheckedAmount = { amount: MicroUsdc; error: null } | { amount: null; error: string };

/** Reads what was typed and says what is wrong with it before the contract does. */
export function checkAmount(text: string, { minimum, available }: AmountRules): CheckedAmount {
  try {
    const amount = parseUsdc(text.trim().replace(/^\$/, "").replaceAll(",", "") || "0");
    if (amount < minimum) return refused(`The minimum is ${displayUsd(formatUsdc(minimum))}.`);
    if (available !== undefined && amount > available) {
      return refused(`This wallet holds ${displayUsd(formatUsdc(available as MicroUsdc))} of USDC.`);
    }
    return { amount, error: null };
  } catch (error) {
    if (error instanceof InvalidAmountError) return refused("Write an amount such as 25 or 12.50.");
    throw error;
  }
}

const refused = (error: string): CheckedAmount => ({ amount: null, error });
