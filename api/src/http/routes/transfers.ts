import { formatUsd, microToNano } from "@infr/money";
import { type Static, Type } from "typebox";
import { readEmailAddress } from "../../auth/email-address.ts";
import { NotFoundError } from "../../errors.ts";
import { ownersTypedData, termsOf } from "../../flow/credit/move-order.ts";
import { type MoveRow, moveFor, movesOf } from "../../flow/credit/moves-store.ts";
import {
  preparedMove,
  prepareTransfer,
  previewTransfer,
  type TransferPreview,
} from "../../flow/credit/prepare-transfer.ts";
import { revokeGift } from "../../flow/credit/return-gifts.ts";
import { readSharingRoom } from "../../flow/credit/sharing-room.ts";
import { submitSignature } from "../../flow/credit/submit-signature.ts";
import { moveContext } from "../move-context.ts";
import { OrderToSign, shapeOrder } from "../order-shapes.ts";
import {
  Address,
  ByName,
  Bytes,
  Bytes32,
  EmailAddress,
  Id,
  Limit,
  Moment,
  Money,
  Nullable,
  Problem,
  SMALL_BODY_BYTES,
  usdOfMicro,
} from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Transfers"];
const problems = {
  400: Problem,
  401: Problem,
  402: Problem,
  403: Problem,
  409: Problem,
  422: Problem,
  429: Problem,
  502: Problem,
  503: Problem,
};
const params = Type.Object({ id: Id });

const To = Type.Object(
  {
    wallet: Type.Optional(Type.String({ ...Address, description: "Its own account; opened for it if it has none." })),
    email: Type.Optional(
      Type.String({
        ...EmailAddress,
        description:
          "Whoever has proved to read it, or does so within 30 days; then it goes back. Whether anybody is known to is not told.",
      }),
    ),
    account: Type.Optional(Type.String({ ...Id, description: "acct_…" })),
    team: Type.Optional(Type.String({ ...Id, description: "acct_… of a team" })),
    request: Type.Optional(
      Type.String({ ...Id, description: "ask_…: pays a request for money, with just the amount that it asks for" }),
    ),
    ...ByName,
  },
  { description: "Whom it is for: exactly one of these." },
);

const Transfer = Type.Object({
  id: Type.String({ description: "transfer_…" }),
  direction: Type.Enum(["sent", "received"]),
  state: Type.Enum(["awaiting_signature", "pending", "unclaimed", "completed", "returned", "expired", "failed"], {
    description:
      "pending: set aside and on its way, shown to the recipient, not spendable. unclaimed: it waits for whoever reads the " +
      "e-mail address. completed: its event is booked, the recipient can spend it. returned: it is the sender's again.",
  }),
  reason: Nullable(Type.String({ description: "Why it has expired or failed: nothing was moved." })),
  amount: Money,
  from: Type.String({ description: "acct_… of the sender" }),
  to: Type.Object({
    by: Type.Enum(["wallet", "email", "account", "team", "request", "name", "phone"]),
    name: Type.String({ description: "As the sender wrote it." }),
    account: Nullable(Type.String({ description: "acct_… of the recipient; never told of who was named by e-mail" })),
  }),
  claimUntil: Nullable(Type.String({ ...Moment, description: "Unclaimed, it goes back then. In the chain's time." })),
  memo: Type.String(),
  order: Nullable(OrderToSign),
  transactionHash: Nullable(Bytes32),
  finality: Nullable(Type.Enum(["seen", "safe", "final"])),
  completedAt: Nullable(Moment),
  createdAt: Moment,
  updatedAt: Moment,
});

const Preview = Type.Object({
  dryRun: Type.Literal(true),
  amount: Money,
  to: Type.Object({
    by: Type.Enum(["wallet", "email", "account", "team", "request", "name", "phone"]),
    name: Type.String(),
    account: Nullable(Type.String({ description: "null: one would be opened, or it is not told." })),
    wallet: Nullable(
      Type.String({ ...Address, description: "Where the name leads now: look at it. null: not to a wallet alone." }),
    ),
  }),
  shareableAfter: Type.String({ ...Money, description: "What could still be shared after it." }),
  leftToday: Type.String({ ...Money, description: "What the daily limit would leave after it." }),
});

const Room = Type.Object({
  shareable: Type.String({ ...Money, description: "Paid credit that nothing is metered or held against." }),
  perDay: Type.String({ ...Money, description: "What may be given in a day (UTC)." }),
  leftToday: Money,
  toNewPerDay: Type.String({
    ...Money,
    description: "What may go in 24 hours to recipients who got nothing from you before them.",
  }),
  leftToNew: Money,
  refusal: Nullable(Type.String({ description: "Why nothing can be given at all." })),
});

/** Credit from account to account. */
export function transferRoutes(app: Routes, services: Services): void {
  addPreparation(app, services);
  addSignature(app, services);
  addReads(app, services);
  addCancellation(app, services);
}

function addPreparation(app: Routes, services: Services): void {
  app.post(
    "/api/transfers",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Prepare a transfer of credit: it is carried out once its owner has signed it",
        description:
          "Paid credit only. Sent again with the same Idempotency-Key it is the same transfer, as it is by then. With " +
          "dryRun everything is checked and nothing is written.",
        headers: Type.Object({
          "idempotency-key": Type.String({
            minLength: 1,
            maxLength: 255,
            description: "Yours: one for each transfer.",
          }),
        }),
        body: Type.Object({
          to: To,
          amount: Type.String({
            maxLength: 40,
            description: "US dollars above zero, with at most 6 decimals.",
            examples: ["12.5"],
          }),
          memo: Type.String({ maxLength: 280, default: "", description: "A word to the recipient." }),
          dryRun: Type.Boolean({ default: false }),
        }),
        response: { 200: Preview, 201: Transfer, ...problems },
      },
    },
    async (request, reply) => {
      const sharer = await actorOf(services, request, "sharing");
      const { to: named, amount, memo: note, dryRun } = request.body;
      const to = named.email === undefined ? named : { ...named, email: readEmailAddress(named.email) };
      const wanted = { to, amount, note, idempotencyKey: request.headers["idempotency-key"] };
      if (dryRun)
        return reply.code(200).send(shapePreview(await previewTransfer(moveContext(services), sharer, wanted)));
      const row = await prepareTransfer(moveContext(services), sharer, wanted);
      return reply.code(201).send(shapeTransfer(services, { row, accountId: sharer.accountId }));
    },
  );
}

function addSignature(app: Routes, services: Services): void {
  app.post(
    "/api/transfers/:id/signature",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Hand in the owner's signature: the amount is set aside and sent on",
        description: "A refusal moves nothing, and the transfer can still be signed. Sent again, it changes nothing.",
        params,
        body: Type.Object({ signature: Bytes }),
        response: { 200: Transfer, ...problems, 404: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "sharing");
      const signature = request.body.signature as `0x${string}`;
      const id = { moveId: request.params.id, accountId, isGift: false };
      const row = await submitSignature(moveContext(services), { ...id, signature });
      return shapeTransfer(services, { row, accountId });
    },
  );
}

function addReads(app: Routes, services: Services): void {
  app.get(
    "/api/transfers/limits",
    {
      schema: {
        tags,
        summary: "What you may give now, to anybody and to new recipients",
        response: { 200: Room, ...problems },
      },
    },
    async (request) => {
      const room = await readSharingRoom(moveContext(services), await actorOf(services, request, "sharing"));
      return {
        shareable: formatUsd(room.shareable),
        perDay: formatUsd(room.perDay),
        leftToday: formatUsd(room.leftToday),
        toNewPerDay: formatUsd(room.toNewPerDay),
        leftToNew: formatUsd(room.leftToNew),
        refusal: room.refusal,
      };
    },
  );

  app.get(
    "/api/transfers",
    {
      schema: {
        tags,
        summary: "What you have sent and what came to you, newest first",
        querystring: Type.Object({
          ...Limit.properties,
          direction: Type.Optional(Type.Enum(["sent", "received"])),
          cursor: Type.Optional(Type.String({ ...Id, description: "nextCursor of the previous page" })),
        }),
        response: {
          200: Type.Object({ transfers: Type.Array(Transfer), nextCursor: Nullable(Type.String()) }),
          400: Problem,
          401: Problem,
        },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "sharing");
      const { limit, cursor = null, direction = null } = request.query;
      const rows = await movesOf(services.sql, { accountId, direction, before: cursor, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        transfers: page.map((row) => shapeTransfer(services, { row, accountId })),
        nextCursor: rows.length > limit ? (page.at(-1)?.move_id ?? null) : null,
      };
    },
  );

  app.get(
    "/api/transfers/:id",
    {
      schema: {
        tags,
        summary: "A transfer that you have sent, or that came to you",
        description: "As long as it waits for the sender's signature, its order can be signed now.",
        params,
        response: { 200: Transfer, 401: Problem, 404: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "sharing");
      const id = { moveId: request.params.id, accountId };
      const row = await moveFor(services.sql, id);
      if (!row) throw new NotFoundError("transfer");
      const isToSign = row.state === "awaiting_signature" && row.account_id === accountId;
      return shapeTransfer(services, {
        row: isToSign ? await preparedMove(moveContext(services), id) : row,
        accountId,
      });
    },
  );
}

function addCancellation(app: Routes, services: Services): void {
  app.post(
    "/api/transfers/:id/cancel",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Call a transfer back that is not signed yet, or that nobody has claimed",
        description:
          "What waits for an e-mail address can't be claimed any more from now on. Before its time the contract gives it back " +
          "to the wallet that owns your account alone: send `call` from it, or wait until then.",
        params,
        response: {
          200: Type.Object({
            transfer: Transfer,
            call: Nullable(
              Type.Object({ to: Address, data: Type.String() }, { description: "For your wallet to send." }),
            ),
          }),
          401: Problem,
          403: Problem,
          404: Problem,
          409: Problem,
        },
      },
    },
    async (request) => {
      const sharer = await actorOf(services, request, "sharing");
      const id = { moveId: request.params.id, isGift: false };
      const { row, call } = await revokeGift(moveContext(services), { ...id, ...sharer });
      return { transfer: shapeTransfer(services, { row, accountId: sharer.accountId }), call };
    },
  );
}

function shapeTransfer(
  { chain }: Services,
  { row, accountId }: { row: MoveRow; accountId: string },
): Static<typeof Transfer> {
  const terms = row.state === "awaiting_signature" && row.account_id === accountId ? termsOf(row) : null;
  return {
    id: row.move_id,
    direction: row.account_id === accountId ? "sent" : "received",
    state: stateOf(row),
    reason: row.reason,
    amount: usdOfMicro(row.amount_micro),
    from: row.account_id,
    to: { by: row.named_as ?? "account", name: row.named ?? "", account: row.recipient_id },
    claimUntil: row.expiry === null ? null : new Date(Number(row.expiry) * 1_000).toISOString(),
    memo: row.note,
    order: terms && shapeOrder(ownersTypedData(chain, row, terms), terms.deadline),
    transactionHash: row.transaction_hash,
    finality: row.finality,
    completedAt: row.happened_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** Of what is for an e-mail address it is told how far it is, as of any other: not how. */
function stateOf(row: MoveRow): Static<typeof Transfer>["state"] {
  switch (row.state) {
    case "active":
      return row.closing_transaction_id === null && row.redeemer_id === null ? "unclaimed" : "pending";
    case "redeemed":
      return "completed";
    case "revoked":
      return "returned";
    case "expired":
      return row.transaction_hash !== null ? "returned" : "expired";
    default:
      return row.state;
  }
}

const shapePreview = ({ amount, found, shareableAfter, capLeftAfter }: TransferPreview): Static<typeof Preview> => ({
  dryRun: true,
  amount: formatUsd(microToNano(amount)),
  to: {
    by: found.namedAs,
    name: found.named,
    account: found.account?.account_id ?? null,
    wallet: found.namedAs === "phone" ? null : found.wallet,
  },
  shareableAfter: formatUsd(shareableAfter),
  leftToday: formatUsd(capLeftAfter),
});
