import { formatUsd, type NanoUsd, nanoUsd, parseUsd } from "@infr/money";

const SIGNIFICANT_DIGITS = 4;

/**
 * Dollars for reading: cut off, never rounded up, so that no one is shown money that is not there. From one dollar on
 * two decimals; below it four significant digits; `digits` fixes the number of decimals, for columns.
 */
export function displayUsd(usd: string, digits?: number): string {
  const amount = parseUsd(usd);
  const [whole = "0", fraction = ""] = formatUsd(magnitude(amount)).split(".");
  const shown = cut(whole, fraction, digits);
  const sign = amount < 0n ? "−" : "";
  if (amount !== 0n && whole === "0" && !/[1-9]/.test(shown)) return `<${sign}$0.${"1".padStart(shown.length, "0")}`;
  return `${sign}$${group(whole)}.${shown}`;
}

const magnitude = (amount: bigint): NanoUsd => nanoUsd(amount < 0n ? -amount : amount);

function cut(whole: string, fraction: string, digits: number | undefined): string {
  if (digits !== undefined) return fraction.slice(0, digits).padEnd(digits, "0");
  if (whole !== "0") return fraction.slice(0, 2).padEnd(2, "0");
  const leadingZeros = /^0*/.exec(fraction)?.[0].length ?? 0;
  const significant = fraction.slice(0, leadingZeros + SIGNIFICANT_DIGITS).replace(/0+$/, "");
  return significant.padEnd(2, "0");
}

const group = (whole: string): string => whole.replace(/\B(?=(\d{3})+$)/g, ",");

const TOKENS_PER_MILLION = 1_000_000n;

/** A price per token, as the API writes it, as a price per million tokens. */
export const perMillion = (usdPerToken: string): string =>
  formatUsd(nanoUsd(parseUsd(usdPerToken) * TOKENS_PER_MILLION));

const integer = new Intl.NumberFormat("en-US");
export const displayCount = (count: number): string => integer.format(count);

export const displayLatency = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

export const shortHex = (hex: string): string => `${hex.slice(0, 6)}…${hex.slice(-4)}`;

/** What somebody is called: an e-mail address as it is, a wallet shortened. */
export const shortName = (name: string): string => (/^0x[0-9a-f]{40}$/i.test(name) ? shortHex(name) : name);

const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });
const day = new Intl.DateTimeFormat("en", { month: "short", day: "numeric" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

export const displayExactTime = (iso: string): string => exact.format(new Date(iso));

/** "now", "5 min ago", "3 h ago", "2 days ago", then the date. */
export function displayTime(iso: string, nowMs: number): string {
  const seconds = Math.round((nowMs - new Date(iso).getTime()) / 1000);
  if (seconds < 5) return "now";
  if (seconds < 60) return relative.format(-seconds, "second");
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), "hour");
  if (seconds < 7 * 86_400) return relative.format(-Math.floor(seconds / 86_400), "day");
  return day.format(new Date(iso));
}

const month = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });

/** "2030-01" as "January 2030". */
export const displayMonth = (yearAndMonth: string): string => month.format(new Date(`${yearAndMonth}-01T00:00:00Z`));
