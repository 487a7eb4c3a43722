import { createClient, type paths } from "@infr/sdk";
import type { Address, Hex } from "viem";
import { actingAccount } from "./acting.ts";
import { ApiError } from "./errors.ts";

/** The one typed client: same origin, session cookie, no hand-written fetch anywhere else. */
export const api = createClient({ baseUrl: window.location.origin });
api.use({
  onRequest: ({ request }) => {
    const accountId = actingAccount();
    if (accountId !== null) request.headers.set("infr-account", accountId);
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a successful answer, or a thrown {@link ApiError}. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer.catch((cause: unknown) => {
    throw ApiError.unreachable(cause);
  });
  if (!response.ok) throw ApiError.from(response.status, error);
  return data as T;
}

type Success<Path extends keyof paths, Method extends string> =
  paths[Path] extends Record<Method, { responses: { 200: { content: { "application/json": infer Body } } } }>
    ? Body
    : never;

/** OpenAPI knows hex only by pattern; here it has viem's types. */
type Typed<Shape, Fields> = Omit<Shape, keyof Fields> & Fields;

export type Config = Typed<Success<"/api/config", "get">, { contracts: { escrow: Address; usdc: Address } }>;
export type Account = Typed<
  Success<"/api/account", "get">["account"],
  { owner: Address; currentOwner: Address; ref: Hex }
>;
export type Balance = Success<"/api/balance", "get">;
export type Deposit = Success<"/api/deposits", "get">["deposits"][number];
export type ApiKey = Success<"/api/keys", "get">["keys"][number];
export type UsageRow = Success<"/api/usage", "get">["usage"][number];
export type Reserves = Success<"/api/reserves", "get">;
export type Earnings = Success<"/api/earnings", "get">;
export type EarnedBatch = Success<"/api/earnings/batches", "get">["batches"][number];
export type Payout = Success<"/api/payouts", "get">["payouts"][number];
export type Node = Success<"/api/nodes", "get">["nodes"][number];
export type Transfer = Success<"/api/transfers", "get">["transfers"][number];
export type Gift = Success<"/api/gift-codes", "get">["gifts"][number];
export type WebhookEndpoint = Success<"/api/webhook-endpoints", "get">["endpoints"][number];
export type Delivery = Success<"/api/webhook-endpoints/{id}/deliveries", "get">["deliveries"][number];
export type AdminOverview = Success<"/api/admin/overview", "get">;
export type Adjustment = Success<"/api/admin/adjustments", "get">["adjustments"][number];
export type OperatorStanding = Success<"/api/admin/operators", "get">["operators"][number];
export type Referrals = Success<"/api/referrals", "get">;
export type SharingSystem = Success<"/api/share", "get">["systems"][number];
export type Limit = Success<"/api/limits", "get">["limits"][number];
export type Team = Success<"/api/teams/{id}", "get">;
export type Invitation = Success<"/api/me/invitations", "get">["invitations"][number];
export type Claim = Success<"/api/claims/{id}", "get">;
export type MoneyRequest = Success<"/api/requests", "get">["requests"][number];
export type TopUp = Success<"/api/top-ups", "get">["links"][number];
export type TopUpPage = Success<"/api/top-ups/{id}", "get">;
export type AskedFor = Success<"/api/requests/{id}", "get">;
export type StandingOrder = Success<"/api/standing-orders", "get">["orders"][number];
export type Recharge = Success<"/api/recharge", "get">;
export type Cards = Success<"/api/cards", "get">;
export type CardPayment = Success<"/api/cards/payments", "get">["payments"][number];
export type Purchase = Success<"/api/onramps", "get">["purchases"][number];
export type Plan = Success<"/api/plans", "get">["plans"][number];
export type Subscription = Success<"/api/subscriptions", "get">["subscriptions"][number];
export type Allowance = Typed<
  Success<"/api/recharge/allowance", "get">,
  { wallet: Address; contract: Address; keeper: Address }
>;
export type SharingRoom = Success<"/api/transfers/limits", "get">;
export type Me = Success<"/api/me", "get">;
