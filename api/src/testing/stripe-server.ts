import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

type Stored = Record<string, unknown> & { id: string };

/** What the server does to a request instead of answering it. */
export type StripeFault = "before" | "after" | "refuse" | "no_balance";

/**
 * A server that answers as Stripe's API documents accounts, account links, transfers and payouts: form bodies, idempotency
 * keys that give the first answer again, connected accounts by header, errors in Stripe's shape.
 */
export async function startStripeServer() {
  const stored = {
    accounts: new Map<string, Stored>(),
    transfers: new Map<string, Stored>(),
    payouts: new Map<string, Stored>(),
  };
  const answers = new Map<string, { status: number; body: unknown }>();
  const faults = new Map<string, StripeFault[]>();
  let made = 0;

  const create = (kind: keyof typeof stored, fields: Record<string, unknown>): Stored => {
    const prefix = { accounts: "acct", transfers: "tr", payouts: "po" }[kind];
    const row = { object: kind.slice(0, -1), ...fields, id: `${prefix}_${++made}` };
    stored[kind].set(row.id, row);
    return row;
  };
  const list = (rows: Stored[]) => ({ object: "list", has_more: false, data: rows });

  function answer(route: string, { form, account }: { form: URLSearchParams; account: string | null }): unknown {
    const [method, kind = "", id] = route.split(/[ /]/).filter((part) => part !== "v1" && part !== "");
    if (kind === "account_links")
      return { object: "account_link", url: `https://connect.stripe.com/setup/${form.get("account")}` };
    if (kind === "accounts" && method === "POST") return create("accounts", { payouts_enabled: false });
    if (kind === "accounts") return stored.accounts.get(id ?? "");
    if (kind === "transfers" && method === "POST") return create("transfers", Object.fromEntries(form));
    if (kind === "transfers")
      return list([...stored.transfers.values()].filter((row) => row["transfer_group"] === form.get("transfer_group")));
    if (kind === "payouts" && method === "POST")
      return create("payouts", {
        amount: Number(form.get("amount")),
        metadata: { payout_id: form.get("metadata[payout_id]") },
        status: "pending",
        account,
      });
    if (kind === "payouts" && id !== undefined) return stored.payouts.get(id);
    return list([...stored.payouts.values()].filter((row) => row["account"] === account));
  }

  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? "/", "http://stripe");
      const form = new URLSearchParams((await read(request)) || url.search);
      const route = `${request.method} ${url.pathname}`;
      const fault = faults.get(route)?.shift();
      if (fault === "before") return request.socket.destroy();
      const key = request.headers["idempotency-key"];
      const account = request.headers["stripe-account"];
      const refused = fault === "refuse" || fault === "no_balance";
      const known = typeof key === "string" && !refused ? answers.get(key) : undefined;
      const found = refused
        ? REFUSALS[fault]
        : answerOf(known, () => answer(route, { form, account: typeof account === "string" ? account : null }));
      if (typeof key === "string" && !refused) answers.set(key, found);
      if (fault === "after") return request.socket.destroy();
      response.writeHead(found.status, { "content-type": "application/json", "request-id": `req_${++made}` });
      response.end(JSON.stringify(found.body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...stored,
    /** The next requests of a route meet these, one each. */
    fail: (route: string, ...next: StripeFault[]) => faults.set(route, next),
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const answerOf = (known: { status: number; body: unknown } | undefined, make: () => unknown) => {
  if (known) return known;
  const body = make();
  if (body !== undefined) return { status: 200, body };
  return {
    status: 404,
    body: { error: { type: "invalid_request_error", code: "resource_missing", message: "No such object" } },
  };
};

const REFUSALS = {
  refuse: {
    status: 400,
    body: { error: { type: "invalid_request_error", message: "This account can not receive transfers." } },
  },
  no_balance: {
    status: 400,
    body: { error: { type: "invalid_request_error", code: "balance_insufficient", message: "Insufficient funds." } },
  },
};

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
