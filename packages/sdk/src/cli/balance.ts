import { type Request, UsageError } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { askAs } from "./session.ts";

interface Balance {
  spendable: string;
  runwayDays: number | null;
  onChain: string;
  debt: string;
  unsettled: string;
  held: string;
  funded: string;
}

/** `infr balance`: what can be spent, how long it lasts, and what it is made of. */
export async function balance(request: Request): Promise<Outcome> {
  if (request.words.length > 0) throw new UsageError("infr balance takes no words. --help shows more.");
  const ask = await askAs(request);
  const result = await ask<Balance>("/api/balance");
  const { spendable, runwayDays, onChain, debt, unsettled, held, funded } = result;
  const said = [
    `$${spendable} can be spent${runwayDays === null ? "" : `; it lasts ${inWords(runwayDays)}`}.`,
    `  in the contract     $${onChain}`,
    `  from the platform   $${funded}`,
    `  held                $${held}`,
    `  not yet settled     $${unsettled}`,
    `  overdrawn           $${debt}`,
  ];
  return { said, result };
}

function inWords(days: number): string {
  const whole = Math.floor(days);
  if (whole === 0) return "less than a day";
  return `${whole} ${whole === 1 ? "day" : "days"}, at the pace of the last seven`;
}
