import { parseUsd } from "@infr/money";
import { displayUsd } from "../../lib/format.ts";
import { readUsd } from "../../lib/read-usd.ts";

/** What was typed: dollars. */
export interface SettingText {
  threshold: string;
  target: string;
  ceiling: string;
}

export type SettingErrors = Partial<Record<keyof SettingText, string>>;

/**
 * What is wrong with a setting, before the API says it. `leastUsd` is the smallest payment: what lies between threshold and
 * target is paid at once, so it can't be less.
 */
export function checkSetting(text: SettingText, leastUsd: string): SettingErrors {
  const [threshold, target, ceiling] = [text.threshold, text.target, text.ceiling].map(readUsd);
  const least = parseUsd(leastUsd);
  const errors: SettingErrors = {};
  if (threshold == null) errors.threshold = AMOUNT;
  if (target == null) errors.target = AMOUNT;
  else if (threshold != null && target - threshold < least)
    errors.target = `At least ${displayUsd(leastUsd)} above the other amount: less can't be paid.`;
  if (ceiling == null) errors.ceiling = AMOUNT;
  else if (ceiling < least) errors.ceiling = `At least ${displayUsd(leastUsd)}: less can't be paid.`;
  return errors;
}

const AMOUNT = "Write an amount such as 25 or 12.50.";

/** How long nothing more is paid after a recharge. */
export const COOLDOWNS = [
  { value: "600", label: "10 minutes" },
  { value: "3600", label: "1 hour" },
  { value: "21600", label: "6 hours" },
  { value: "86400", label: "1 day" },
  { value: "604800", label: "1 week" },
];

/** A cooldown in words, also one that was set through the API. */
export const displayCooldown = (seconds: number): string =>
  COOLDOWNS.find(({ value }) => value === String(seconds))?.label ?? `${seconds} seconds`;
