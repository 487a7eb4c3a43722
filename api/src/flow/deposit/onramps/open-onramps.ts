import type { Config } from "../../../config.ts";
import { openCoinbase } from "./coinbase.ts";
import { openMoonPay } from "./moonpay.ts";
import type { Onramp } from "./onramp.ts";
import type { Onramps } from "./orders.ts";
import { openStripeOnramp } from "./stripe.ts";

/** The onramps that are configured. */
export function openOnramps({ onramps, publicUrl }: Pick<Config, "onramps" | "publicUrl">): Onramps {
  const returnUrl = new URL("/deposit", publicUrl).href;
  const { coinbase, moonpay, stripe } = onramps;
  const open: Onramp[] = [
    ...(coinbase ? [openCoinbase({ ...coinbase, returnUrl, now: () => new Date() })] : []),
    ...(moonpay ? [openMoonPay({ ...moonpay, returnUrl })] : []),
    ...(stripe ? [openStripeOnramp(stripe)] : []),
  ];
  return new Map(open.map((onramp) => [onramp.provider, onramp]));
}
