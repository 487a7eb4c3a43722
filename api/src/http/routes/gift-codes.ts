import { type Static, Type } from "typebox";
import { readEmailAddress } from "../../auth/email-address.ts";
import { InvalidInputError, NotFoundError } from "../../errors.ts";
import { giftOf, giftsOf } from "../../flow/credit/gifts-store.ts";
import { CodeRefusedError } from "../../flow/credit/move-errors.ts";
import { ownersTypedData, termsOf } from "../../flow/credit/move-order.ts";
import type { GiftState, MoveRow } from "../../flow/credit/moves-store.ts";
import { prepareGift } from "../../flow/credit/prepare-gift.ts";
import { preparedMove } from "../../flow/credit/prepare-transfer.ts";
import { redeemGift } from "../../flow/credit/redeem-gift.ts";
import { revokeGift } from "../../flow/credit/return-gifts.ts";
import { submitSignature } from "../../flow/credit/submit-signature.ts";
import { moveContext } from "../move-context.ts";
import { OrderToSign, shapeOrder } from "../order-shapes.ts";
import { guessesOf } from "../rate-limits.ts";
import {
  Address,
  Bytes,
  Bytes32,
  EmailAddress,
  Id,
  Limit,
  MANAGED,
  Moment,
  Money,
  Nullable,
  Problem,
  SMALL_BODY_BYTES,
  usdOfMicro,
} from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf, managerOf } from "../session.ts";

const tags = ["Gift codes"];
const problems = { 400: Problem, 401: Problem, 402: Problem, 403: Problem, 409: Problem, 422: Problem, 429: Problem };
const params = Type.Object({ id: Id });
const DAY_SECONDS = 86_400;
const MAX_DAYS = 365;

const Lock = Type.Object(
  {
    wallet: Type.Optional(Address),
    email: Type.Optional(Type.String({ ...EmailAddress, description: "Whoever has proved to read it." })),
  },
  { description: "The only one who may redeem it, here or in the contract: a wallet or an e-mail address." },
);

const Gift = Type.Object({
  id: Type.String({ description: "gift_…" }),
  state: Type.Enum(["awaiting_signature", "pending", "active", "redeemed", "revoked", "expired", "failed"], {
    description: "active: it can be redeemed. expired, revoked and failed: the amount is yours again.",
  }),
  reason: Nullable(Type.String()),
  amount: Money,
  message: Type.String(),
  lock: Nullable(Lock),
  expiresAt: Type.String({ ...Moment, description: "In the chain's time. Then it goes back by itself." }),
  revokedAt: Nullable(Moment),
  redeemedBy: Nullable(Type.String({ description: "acct_… of who has redeemed it, or is about to" })),
  voucher: Type.String({ ...Address, description: "The key's address that it stands under in the contract." }),
  order: Nullable(OrderToSign),
  transactionHash: Nullable(Bytes32),
  finality: Nullable(Type.Enum(["seen", "safe", "final"])),
  createdAt: Moment,
  updatedAt: Moment,
});

const NewGift = Type.Object({
  ...Gift.properties,
  code: Nullable(
    Type.String({
      description:
        "Shown this once and kept nowhere: whoever has it can redeem it. null if this request was sent before.",
      examples: ["K3F9Q-7XW2M-0C8TB-4HJ6E-PZ1N5R"],
    }),
  ),
});

const Redeemed = Type.Object({
  state: Type.Enum(["opening", "pending", "redeemed"], {
    description:
      "opening: your account is being opened in the contract, nobody else gets the gift meanwhile: send the code again in a " +
      "few seconds. pending: on its way. redeemed: you can spend it.",
  }),
  amount: Money,
  message: Type.String(),
});

/** Credit that waits for whoever has its code. */
export function giftCodeRoutes(app: Routes, services: Services): void {
  addCreation(app, services);
  addSignature(app, services);
  addReads(app, services);
  addRevocation(app, services);
  addRedemption(app, services);
}

function addCreation(app: Routes, services: Services): void {
  app.post(
    "/api/gift-codes",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Prepare a gift of paid credit: its code counts once its owner has signed",
        headers: Type.Object({
          "idempotency-key": Type.String({ minLength: 1, maxLength: 255, description: "Yours: one for each gift." }),
        }),
        body: Type.Object({
          amount: Type.String({
            maxLength: 40,
            description: "US dollars above zero, with at most 6 decimals.",
            examples: ["25"],
          }),
          message: Type.String({ maxLength: 280, default: "", description: "Told to whoever redeems it." }),
          expiresInDays: Type.Integer({ minimum: 1, maximum: MAX_DAYS, default: 90 }),
          lock: Type.Optional(Lock),
        }),
        response: { 201: NewGift, ...problems },
      },
    },
    async (request, reply) => {
      const sharer = await actorOf(services, request, "sharing");
      const { amount, message: note, expiresInDays, lock } = request.body;
      const { row, code } = await prepareGift(moveContext(services), sharer, {
        amount,
        note,
        expiresInSeconds: expiresInDays * DAY_SECONDS,
        ...readLock(lock),
        idempotencyKey: request.headers["idempotency-key"],
      });
      void reply.header("cache-control", "no-store");
      return reply.code(201).send({ ...shapeGift(services, row), code });
    },
  );
}

function addSignature(app: Routes, services: Services): void {
  app.post(
    "/api/gift-codes/:id/signature",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Hand in the owner's signature: the amount is set aside and put under the code's key",
        params,
        body: Type.Object({ signature: Bytes }),
        response: { 200: Gift, ...problems, 404: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "sharing");
      const signature = request.body.signature as `0x${string}`;
      const id = { moveId: request.params.id, accountId, isGift: true };
      return shapeGift(services, await submitSignature(moveContext(services), { ...id, signature }));
    },
  );
}

function addReads(app: Routes, services: Services): void {
  app.get(
    "/api/gift-codes",
    {
      schema: {
        tags,
        summary: "The gifts that you have made, newest first",
        querystring: Type.Object({
          ...Limit.properties,
          cursor: Type.Optional(Type.String({ ...Id, description: "nextCursor of the previous page" })),
        }),
        response: {
          200: Type.Object({ gifts: Type.Array(Gift), nextCursor: Nullable(Type.String()) }),
          400: Problem,
          401: Problem,
        },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "sharing");
      const { limit, cursor = null } = request.query;
      const rows = await giftsOf(services.sql, { accountId, before: cursor, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        gifts: page.map((row) => shapeGift(services, row)),
        nextCursor: rows.length > limit ? (page.at(-1)?.move_id ?? null) : null,
      };
    },
  );

  app.get(
    "/api/gift-codes/:id",
    {
      schema: {
        tags,
        summary: "A gift that you have made",
        params,
        response: { 200: Gift, 401: Problem, 404: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "sharing");
      const id = { moveId: request.params.id, accountId };
      if (!(await giftOf(services.sql, id))) throw new NotFoundError("gift");
      return shapeGift(services, await preparedMove(moveContext(services), id));
    },
  );
}

function addRevocation(app: Routes, services: Services): void {
  app.post(
    "/api/gift-codes/:id/revoke",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Call a gift back: from now on it can't be redeemed here",
        description:
          "Before it expires the contract gives it back to the wallet that owns your account alone: send `call` from it, or " +
          "wait until it expires. Until then whoever has an unlocked code can still redeem it at the contract.",
        params,
        response: {
          200: Type.Object({
            gift: Gift,
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
      const { row, call } = await revokeGift(moveContext(services), {
        moveId: request.params.id,
        isGift: true,
        ...sharer,
      });
      return { gift: shapeGift(services, row), call };
    },
  );
}

function addRedemption(app: Routes, services: Services): void {
  app.post(
    "/api/gift-codes/redeem",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        security: MANAGED,
        summary: "Redeem a code into your account",
        description:
          "Sent again by the same account it says how far it is. Whatever is wrong with a code, the error is the same.",
        body: Type.Object({ code: Type.String({ maxLength: 100 }) }),
        response: { 200: Redeemed, 400: Problem, 401: Problem, 403: Problem, 422: Problem, 429: Problem },
      },
    },
    async (request) => {
      const redeemer = await managerOf(services, request, "funding");
      const guesses = guessesOf(request, redeemer.accountId);
      await guesses.check();
      try {
        const { row, state } = await redeemGift(moveContext(services), redeemer, request.body.code);
        return { state, amount: usdOfMicro(row.amount_micro), message: row.note };
      } catch (error) {
        if (error instanceof CodeRefusedError) await guesses.failed();
        throw error;
      }
    },
  );
}

/** @throws InvalidInputError */
function readLock(lock: Static<typeof Lock> | undefined): { lockWallet: string | null; lockEmail: string | null } {
  const { wallet = null, email = null } = lock ?? {};
  if (lock && (wallet === null) === (email === null))
    throw new InvalidInputError("lock has to name one of wallet and email: who may redeem it.", "lock");
  return { lockWallet: wallet, lockEmail: email === null ? null : readEmailAddress(email) };
}

function shapeLock({ lock_wallet: wallet, lock_email: email }: MoveRow): Static<typeof Lock> | null {
  if (email !== null) return { email };
  return wallet === null ? null : { wallet };
}

function shapeGift({ chain }: Services, row: MoveRow): Static<typeof Gift> {
  const terms = row.state === "awaiting_signature" ? termsOf(row) : null;
  return {
    id: row.move_id,
    state: row.state as GiftState,
    reason: row.reason,
    amount: usdOfMicro(row.amount_micro),
    message: row.note,
    lock: shapeLock(row),
    expiresAt: new Date(Number(row.expiry) * 1_000).toISOString(),
    revokedAt: row.revoked_at?.toISOString() ?? null,
    redeemedBy: row.redeemer_id,
    voucher: row.voucher_key ?? "",
    order: terms && shapeOrder(ownersTypedData(chain, row, terms), terms.deadline),
    transactionHash: row.transaction_hash,
    finality: row.finality,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
