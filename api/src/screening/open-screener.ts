import type { Config } from "../config.ts";
import { openChainalysis } from "./chainalysis.ts";
import type { Screener } from "./screener.ts";

/** Whoever screens wallets here; null where nobody does. */
export const openScreener = ({ screening }: Pick<Config, "screening">): Screener | null =>
  screening && openChainalysis(screening);
