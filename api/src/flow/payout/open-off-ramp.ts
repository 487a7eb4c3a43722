import type { Config } from "../../config.ts";
import type { OffRamp } from "./off-ramp.ts";
import { openStripe } from "./stripe-off-ramp.ts";

/** The off-ramp that is configured, or null: then payouts go to wallets only. */
export function openOffRamp({ offRampAddress, stripe, publicUrl }: Config): OffRamp | null {
  if (offRampAddress === null || stripe === null) return null;
  return openStripe({ ...stripe, address: offRampAddress, returnUrl: new URL("/earnings", publicUrl).href });
}
