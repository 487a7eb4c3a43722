import { type MicroUsdc, microUsdc, type NanoUsd, nanoUsd } from "./units.ts";

const NANO_DIGITS = 9;
const MICRO_DIGITS = 6;
const DECIMAL = /^(-?)(0|[1-9]\d{0,18})(?:\.(\d+))?$/;

/** Text that is not a decimal amount, or has more digits than the unit can hold. Never rounded away. */
export class InvalidAmountError extends Error {
  override readonly name = "InvalidAmountError";
  readonly code = "invalid_amount";
  readonly text: string;

  constructor(text: string, digits: number) {
    super(`"${text}" is not an amount: write a decimal number with at most ${digits} digits after the point.`);
    this.text = text;
  }
}

/** US dollars, e.g. `"12.345678901"`, to nano-dollars. Throws {@link InvalidAmountError} beyond 9 decimals. */
export const parseUsd = (text: string): NanoUsd => nanoUsd(parseDecimal(text, NANO_DIGITS));

/** USDC, e.g. `"25"` or `"0.5"`, to micro-USDC. Throws {@link InvalidAmountError} beyond 6 decimals. */
export const parseUsdc = (text: string): MicroUsdc => microUsdc(parseDecimal(text, MICRO_DIGITS));

/** Nano-dollars as the shortest exact decimal in dollars: `100000000n` → `"0.1"`. */
export const formatUsd = (amount: NanoUsd): string => formatDecimal(amount, NANO_DIGITS);

/** Micro-USDC as the shortest exact decimal in USDC. */
export const formatUsdc = (amount: MicroUsdc): string => formatDecimal(amount, MICRO_DIGITS);

function parseDecimal(text: string, digits: number): bigint {
  const [, sign, whole, fraction = ""] = DECIMAL.exec(text) ?? [];
  if (whole === undefined || fraction.length > digits) throw new InvalidAmountError(text, digits);
  const magnitude = BigInt(whole + fraction.padEnd(digits, "0"));
  return sign === "-" ? -magnitude : magnitude;
}

function formatDecimal(amount: bigint, digits: number): string {
  const sign = amount < 0n ? "-" : "";
  const text = (amount < 0n ? -amount : amount).toString().padStart(digits + 1, "0");
  const fraction = text.slice(-digits).replace(/0+$/, "");
  return sign + text.slice(0, -digits) + (fraction === "" ? "" : `.${fraction}`);
}
