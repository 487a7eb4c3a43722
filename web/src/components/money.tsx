import { cn } from "../lib/cn.ts";
import { displayUsd } from "../lib/format.ts";

interface MoneyProps {
  /** Decimal string in US dollars, as the API writes it. */
  usd: string;
  /** Fixes the number of decimals, for columns. */
  digits?: number;
  className?: string;
}

/** The only way money gets on the screen: tabular digits, cut off for reading, the exact value on hover. */
export const Money = ({ usd, digits, className }: MoneyProps) => (
  <data value={usd} title={`${usd} USD`} className={cn("whitespace-nowrap tabular-nums", className)}>
    {displayUsd(usd, digits)}
  </data>
);
