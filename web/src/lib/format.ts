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

const UNITS = [
  { unit: "second", seconds: 1, below: 60 },
  { unit: "minute", seconds: 60, below: 3_600 },
  { unit: "hour", seconds: 3_600, below: 86_400 },
  { unit: "day", seconds: 86_400, below: 7 * 86_400 },
] as const;

/** "now", "5 min ago", "3 h ago", "in 2 days", and the date where that is more than a week away. */
export function displayTime(iso: string, nowMs: number): string {
  const ahead = Math.round((new Date(iso).getTime() - nowMs) / 1000);
  const away = Math.abs(ahead);
  if (away < 5) return "now";
  const scale = UNITS.find(({ below }) => away < below);
  return scale ? relative.format(Math.trunc(ahead / scale.seconds), scale.unit) : day.format(new Date(iso));
}

const month = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });

/** "2030-01" as "January 2030". */
export const displayMonth = (yearAndMonth: string): string => month.format(new Date(`${yearAndMonth}-01T00:00:00Z`));
