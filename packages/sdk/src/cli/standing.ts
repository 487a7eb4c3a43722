import { type Request, UsageError } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { recipientOf } from "./recipient.ts";
import { type Ask, signIn } from "./session.ts";

const PATH = "/api/standing-orders";
/** As many as the API gives at once; an account has at most 50 that have not ended. */
const MOST = 100;
/** What is said of a change, and the state that it leads to. */
const CHANGES: Record<string, string> = { pause: "paused", resume: "active", end: "ended" };

interface StandingOrder {
  id: string;
  state: string;
  to: { by: string; name: string };
  amount: string;
  every: string;
  nextAt: string;
  endsAt: string | null;
  failure: string | null;
}

/** `infr standing`: lists standing orders, makes one, pauses it, lets it go on, ends it. */
export async function standing(request: Request): Promise<Outcome> {
  const [what = "list", ...words] = request.words;
  if (what === "list" && words.length === 0) return list((await signIn(request)).ask);
  if (what === "new") return make(request, words);
  const [id, ...more] = words;
  const state = CHANGES[what];
  if (state === undefined || id === undefined || more.length > 0)
    throw new UsageError(
      "Say what to do: infr standing, infr standing new …, or pause, resume, end and an id. --help shows more.",
    );
  const { ask } = await signIn(request);
  const order = await ask<StandingOrder>(`${PATH}/${encodeURIComponent(id)}`, { method: "PATCH", body: { state } });
  return { said: [lineOf(order)], result: order };
}

async function list(ask: Ask): Promise<Outcome> {
  const result = await ask<{ orders: StandingOrder[] }>(`${PATH}?limit=${MOST}`);
  return { said: result.orders.length === 0 ? ["There is none."] : result.orders.map(lineOf), result };
}

async function make(request: Request, [amount, recipient, ...more]: string[]): Promise<Outcome> {
  const { every, starts, ends, memo } = request;
  if (amount === undefined || recipient === undefined || more.length > 0 || every === undefined)
    throw new UsageError(
      "Say how much, to whom and how often: infr standing new 10 alice --every week. --help shows more.",
    );
  const body = {
    to: recipientOf(recipient),
    amount,
    memo: memo ?? "",
    every,
    ...(starts !== undefined && { startsAt: momentOf(starts) }),
    ...(ends !== undefined && { endsAt: momentOf(ends) }),
  };
  const { ask } = await signIn(request);
  const headers = { "idempotency-key": request.key ?? crypto.randomUUID() };
  const order = await ask<StandingOrder>(PATH, { body, headers });
  return { said: [lineOf(order)], result: order };
}

/** A day, and where a time is given its zone, too: else it would depend on the machine when that is. */
const MOMENT = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** A day is meant as its beginning (UTC). @throws UsageError */
function momentOf(text: string): string {
  const day = MOMENT.exec(text)?.[1];
  const moment = new Date(text);
  // 2027-02-30 would be read as the 2nd of March.
  if (day === undefined || Number.isNaN(moment.getTime()) || new Date(day).toJSON()?.slice(0, 10) !== day)
    throw new UsageError(`"${text}" is no day. Write 2027-01-31, or 2027-01-31T09:00:00Z.`);
  return moment.toISOString();
}

function lineOf({ id, state, to, amount, every, nextAt, endsAt, failure }: StandingOrder): string {
  const when = state === "active" ? `, next at ${nextAt}${endsAt === null ? "" : `, no more after ${endsAt}`}` : "";
  const trouble = failure === null ? "" : `. The last one was not sent: ${failure}`;
  return `${id}: $${amount} every ${every} to ${to.name}, ${state}${when}${trouble}`;
}
