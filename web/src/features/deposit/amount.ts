import { formatUsdc, InvalidAmountError, type MicroUsdc, parseUsdc } from "@infr/money";
import { displayUsd } from "../../lib/format.ts";
import { plainUsd } from "../../lib/read-usd.ts";

interface AmountRules {
  minimum: MicroUsdc;
  /** What the wallet holds; unknown while it is being read. */
  available: bigint | undefined;
}

export type CheckedAmount = { amount: MicroUsdc; error: null } | { amount: null; error: string };

/** Reads what was typed and says what is wrong with it before the contract does. */
export function checkAmount(text: string, { minimum, available }: AmountRules): CheckedAmount {
  const plain = text.trim() === "" ? "0" : plainUsd(text);
  if (plain === null) return refused(NO_AMOUNT);
  try {
    const amount = parseUsdc(plain);
    if (amount < minimum) return refused(`The minimum is ${displayUsd(formatUsdc(minimum))}.`);
    if (available !== undefined && amount > available) {
      return refused(`This wallet holds ${displayUsd(formatUsdc(available as MicroUsdc))} of USDC.`);
    }
    return { amount, error: null };
  } catch (error) {
    if (error instanceof InvalidAmountError) return refused(NO_AMOUNT);
    throw error;
  }
}

const NO_AMOUNT = "Write an amount such as 25 or 12.50.";
const refused = (error: string): CheckedAmount => ({ amount: null, error });
