import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Stripe } from "stripe";

/** Of the webhook's endpoint. */
export const WEBHOOK_SECRET = "whsec_test";

export type Row = Record<string, unknown> & { id: string; object: string };
type Form = Record<string, unknown>;
type Answer = { status: number; body: unknown };
/** How a card answers: 4000002500003155 of Stripe's documentation asks its owner, 4000000000000002 declines. */
export type CardKind = "good" | "declines" | "asks";

const KINDS: Record<string, string> = {
  customer: "cus",
  "checkout.session": "cs",
  payment_intent: "pi",
  payment_method: "pm",
  charge: "ch",
  refund: "re",
  dispute: "du",
  invoice: "in",
  subscription: "sub",
  event: "evt",
};

/** What Stripe knows, and what cards' owners, banks and Stripe itself do. What happens makes events, which are only kept. */
class StripeWorld {
  readonly rows = new Map<string, Row>();
  /** In the order in which they were made: tests deliver them in whichever. */
  readonly events: Row[] = [];
  /** Requests, as `POST /v1/payment_intents`. */
  readonly asked: string[] = [];
  readonly #cards = new Map<string, CardKind>();
  #made = 0;

  make(object: string, fields: Form): Row {
    const row = { ...fields, id: `${KINDS[object]}_${++this.#made}`, object };
    this.rows.set(row.id, row);
    return row;
  }

  find(id: unknown): Row {
    const row = this.rows.get(String(id));
    if (row) return row;
    throw new Refusal(404, {
      type: "invalid_request_error",
      code: "resource_missing",
      message: `No such: ${String(id)}`,
    });
  }

  tell(type: string, object: Row): void {
    const data = { object: structuredClone(object) };
    this.events.push(this.make("event", { type, data, created: seconds(new Date()), livemode: false }));
  }

  of(object: string, intent: unknown): Row[] {
    return [...this.rows.values()].filter((row) => row.object === object && row["payment_intent"] === intent).reverse();
  }

  /** A card that a customer has saved already; one number has one fingerprint, whoever pays with it. */
  newCard(kind: CardKind, fingerprint = "Xt5EWLLDS7FJjR1c"): Row {
    const card = { brand: "visa", last4: "4242", exp_month: 12, exp_year: 2031, fingerprint };
    const method = this.make("payment_method", { type: "card", card });
    this.#cards.set(method.id, kind);
    return method;
  }

  /** The bank of a card answers otherwise from now on. */
  setKind(methodId: string, kind: CardKind): void {
    this.#cards.set(methodId, kind);
  }

  newIntent(form: Form): Row {
    return this.make("payment_intent", {
      metadata: {},
      setup_future_usage: null,
      last_payment_error: null,
      latest_charge: null,
      payment_method: null,
      ...form,
      amount: Number(form["amount"]),
      amount_received: 0,
      client_secret: `secret_${this.#made}`,
      status: "requires_payment_method",
      off_session: form["off_session"] === "true",
    });
  }

  /** A bank answers to a try. */
  attempt(intent: Row, { method, confirmed = false }: { method: string; confirmed?: boolean }): void {
    const kind = this.#cards.get(method) ?? "good";
    const { amount, currency } = intent;
    intent["payment_method"] = method;
    if (kind === "good" || (kind === "asks" && confirmed)) {
      const charge = this.make("charge", { payment_intent: intent.id, amount, currency });
      const paid = { status: "succeeded", amount_received: amount, latest_charge: charge.id, last_payment_error: null };
      this.tell("payment_intent.succeeded", Object.assign(intent, paid));
    } else if (kind === "asks" && !intent["off_session"]) {
      this.tell("payment_intent.requires_action", Object.assign(intent, { status: "requires_action" }));
    } else {
      const code = kind === "asks" ? "authentication_required" : "card_declined";
      const message = kind === "asks" ? "Confirm it." : "Your card was declined.";
      const error = { type: "card_error", code, message };
      const failed = { status: "requires_payment_method", last_payment_error: error };
      this.tell("payment_intent.payment_failed", Object.assign(intent, failed));
    }
  }

  charge(form: Form): Row {
    const intent = this.newIntent(form);
    this.attempt(intent, { method: String(form["payment_method"]) });
    if (intent["status"] !== "requires_payment_method") return intent;
    throw new Refusal(402, { ...(intent["last_payment_error"] as object), payment_intent: { ...intent } });
  }

  /** Asked for by us, or made by somebody in Stripe's dashboard. */
  refund(intentId: string, cents: number, fields: Form = {}): Row {
    const back = this.of("refund", intentId).reduce((sum, row) => sum + Number(row["amount"]), 0);
    const intent = this.find(intentId);
    if (back + cents > Number(intent["amount_received"]))
      throw new Refusal(400, { type: "invalid_request_error", code: "charge_already_refunded", message: "Too much." });
    const made = { metadata: {}, ...fields, amount: cents, payment_intent: intentId, status: "succeeded" };
    const row = this.make("refund", made);
    this.tell("charge.refunded", this.find(intent["latest_charge"]));
    return row;
  }

  openPage(form: Form): Row {
    const session = this.make("checkout.session", {
      ...form,
      status: "open",
      payment_intent: null,
      subscription: null,
    });
    return Object.assign(session, { url: `https://checkout.stripe.com/c/${session.id}` });
  }

  /** Somebody gives a card on a page. @returns the payment */
  pay(sessionId: string, kind: CardKind = "good", fingerprint?: string): Row {
    const session = this.find(sessionId);
    const data = (session["payment_intent_data"] ?? {}) as Form;
    const [item] = Object.values(session["line_items"] as Record<string, { price_data: { unit_amount: string } }>);
    const amount = item?.price_data.unit_amount;
    const intent = session["payment_intent"]
      ? this.find(session["payment_intent"])
      : this.newIntent({ ...data, amount, currency: "usd", customer: session["customer"] });
    session["payment_intent"] = intent.id;
    this.attempt(intent, { method: this.newCard(kind, fingerprint).id, confirmed: true });
    if (intent["status"] === "succeeded")
      this.tell("checkout.session.completed", Object.assign(session, { status: "complete" }));
    return intent;
  }

  expire(sessionId: string): void {
    this.tell("checkout.session.expired", Object.assign(this.find(sessionId), { status: "expired" }));
  }

  /** The payer confirms at his bank's page what it asked him. */
  confirm(intentId: string): void {
    const intent = this.find(intentId);
    this.attempt(intent, { method: String(intent["payment_method"]), confirmed: true });
  }

  dispute(intentId: string, cents: number): Row {
    const fields = { payment_intent: intentId, amount: cents, currency: "usd", status: "needs_response" };
    const dispute = this.make("dispute", { ...fields, charge: this.find(intentId)["latest_charge"] });
    this.tell("charge.dispute.created", dispute);
    this.tell("charge.dispute.funds_withdrawn", dispute);
    return dispute;
  }

  closeDispute(disputeId: string, status: "won" | "lost"): void {
    const dispute = Object.assign(this.find(disputeId), { status });
    this.tell("charge.dispute.closed", dispute);
    if (status === "won") this.tell("charge.dispute.funds_reinstated", dispute);
  }

  /** Somebody begins a subscription on its page, and pays for the first period. */
  subscribe(sessionId: string, period: Period): { subscription: Row; invoice: Row } {
    const session = this.find(sessionId);
    const subscription = this.make("subscription", {
      ...(session["subscription_data"] as Form),
      customer: session["customer"],
      status: "active",
      cancel_at_period_end: false,
      items: list([{ current_period_end: seconds(period.until) }]),
    });
    Object.assign(session, { status: "complete", subscription: subscription.id });
    this.tell("customer.subscription.created", subscription);
    const invoice = this.renew(subscription.id, period);
    this.tell("checkout.session.completed", session);
    return { subscription, invoice };
  }

  /** A period of a subscription is paid for. */
  renew(subscriptionId: string, { cents, until, fingerprint }: Period): Row {
    const { customer, metadata } = this.find(subscriptionId);
    const intent = this.newIntent({ amount: cents, currency: "usd", customer });
    this.attempt(intent, { method: this.newCard("good", fingerprint).id });
    const details = { metadata, subscription: subscriptionId };
    const invoice = this.make("invoice", {
      customer,
      currency: "usd",
      status: "paid",
      amount_paid: cents,
      parent: { type: "subscription_details", subscription_details: details },
      lines: list([{ parent: { subscription_item_details: { proration: false } }, period: { end: seconds(until) } }]),
      payments: list([{ status: "paid", payment: { type: "payment_intent", payment_intent: intent.id } }]),
    });
    this.tell("invoice.paid", invoice);
    return invoice;
  }

  endSubscription(subscriptionId: string): void {
    const subscription = Object.assign(this.find(subscriptionId), { status: "canceled" });
    this.tell("customer.subscription.deleted", subscription);
  }

  changeSubscription(subscriptionId: string, isEnding: boolean): Row {
    const subscription = Object.assign(this.find(subscriptionId), { cancel_at_period_end: isEnding });
    this.tell("customer.subscription.updated", subscription);
    return subscription;
  }
}

type Period = { cents: number; until: Date; fingerprint?: string };
const seconds = (at: Date): number => Math.floor(at.getTime() / 1_000);

const routesOf = (world: StripeWorld): Record<string, (form: Form, id: string) => unknown> => ({
  "POST customers": (form) => world.make("customer", form),
  "POST checkout/sessions": (form) => world.openPage(form),
  "GET checkout/sessions/:id": (_, id) => world.find(id),
  "POST payment_intents": (form) => world.charge(form),
  "GET payment_intents/:id": (form, id) => {
    const intent = world.find(id);
    const method = intent["payment_method"];
    const isExpanded = Object.values((form["expand"] as Form | undefined) ?? {}).includes("payment_method");
    return isExpanded && method ? { ...intent, payment_method: world.find(method) } : intent;
  },
  "POST payment_methods/:id/detach": (_, id) => Object.assign(world.find(id), { customer: null }),
  "GET refunds": (form) => list(world.of("refund", form["payment_intent"])),
  "POST refunds": (form) => world.refund(String(form["payment_intent"]), Number(form["amount"]), form),
  "GET disputes": (form) => list(world.of("dispute", form["payment_intent"])),
  "GET invoices/:id": (_, id) => world.find(id),
  "GET subscriptions/:id": (_, id) => world.find(id),
  "POST subscriptions/:id": (form, id) => world.changeSubscription(id, form["cancel_at_period_end"] === "true"),
});

function answer(world: StripeWorld, route: string, form: Form): Answer {
  world.asked.push(route);
  const [method, path = ""] = route.split(" /v1/");
  const parts = path.split("/");
  const id = parts[parts[0] === "checkout" ? 2 : 1] ?? "";
  const pattern = id === "" ? path : path.replace(`/${id}`, "/:id");
  try {
    const handler = routesOf(world)[`${method} ${pattern}`];
    if (!handler)
      throw new Refusal(404, { type: "invalid_request_error", message: `Unrecognized request URL ${route}` });
    return { status: 200, body: structuredClone(handler(form, id)) };
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, body: { error: structuredClone(error.details) } };
    throw error;
  }
}

/**
 * A server that answers as Stripe's API documents payments by card: form bodies, idempotency keys that give the first
 * answer again, errors in Stripe's shape.
 */
export async function startStripeCards() {
  const world = new StripeWorld();
  const answers = new Map<string, Answer>();
  /** Requests of a route that are broken off: before anything was done, or after it. */
  const faults = new Map<string, Array<"before" | "after">>();
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? "/", "http://stripe");
      const form = nested(new URLSearchParams((await read(request)) || url.search));
      const route = `${request.method} ${url.pathname}`;
      const fault = faults.get(route)?.shift();
      if (fault === "before") return request.socket.destroy();
      const key = request.headers["idempotency-key"];
      const found = (typeof key === "string" && answers.get(key)) || answer(world, route, form);
      if (typeof key === "string") answers.set(key, found);
      if (fault === "after") return request.socket.destroy();
      response.writeHead(found.status, { "content-type": "application/json" });
      response.end(JSON.stringify(found.body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(world, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail: (route: string, ...next: Array<"before" | "after">) => faults.set(route, next),
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

/** An event as Stripe sends it: its bytes, and the header that signs them. */
export function signed(event: object, secret = WEBHOOK_SECRET, at = new Date()) {
  const payload = JSON.stringify(event);
  const timestamp = Math.floor(at.getTime() / 1000);
  const signature = new Stripe("sk_test").webhooks.generateTestHeaderString({ payload, secret, timestamp });
  return { payload, headers: { "content-type": "application/json", "stripe-signature": signature } };
}

class Refusal extends Error {
  readonly status: number;
  readonly details: object;
  constructor(status: number, details: object) {
    super("refused");
    this.status = status;
    this.details = details;
  }
}

const list = (data: object[]) => ({ object: "list", has_more: false, data });

/** `a[b][c]=d` as `{ a: { b: { c: "d" } } }`. */
function nested(form: URLSearchParams): Form {
  const result: Form = {};
  for (const [name, value] of form) {
    const path = name.split(/\[|\]\[?/).filter((part) => part !== "");
    let place = result;
    for (const part of path.slice(0, -1)) place = (place[part] ??= {}) as Form;
    place[path.at(-1) ?? ""] = value;
  }
  return result;
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
