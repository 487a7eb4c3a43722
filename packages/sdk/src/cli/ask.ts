import { type Request, UsageError } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { signIn } from "./session.ts";

/** `infr request <amount>`: makes a link by which somebody pays that amount, once. */
export async function ask(request: Request): Promise<Outcome> {
  const [amount, ...more] = request.words;
  if (amount === undefined || more.length > 0)
    throw new UsageError("Say how much to ask for: infr request 12.5. --help shows more.");
  const { ask: asUser } = await signIn(request);
  const body = { amount, message: request.memo ?? "" };
  const made = await asUser<{ id: string; link: string; expiresAt: string }>("/api/requests", { body });
  return { said: [`$${amount}, to be paid by ${made.expiresAt.slice(0, 10)}: ${made.link}`], result: made };
}
