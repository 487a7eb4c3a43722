import { Type } from "typebox";
import type { Actor } from "../../auth/sessions.ts";
import type { Sql } from "../../db/types.ts";
import { InvalidInputError, NotFoundError } from "../../errors.ts";
import { proveReceipt } from "../../flow/batch/receipts.ts";
import { usageOf } from "../../flow/capture/store.ts";
import { isId, timeOfId } from "../../ids.ts";
import { may } from "../../roles.ts";
import { readAccountReceipts } from "../../statements/account-receipts.ts";
import { priceTextsOf } from "../../statements/price-texts.ts";
import { refOf } from "../../statements/receipts-store.ts";
import {
  AccountLeafShape,
  Place,
  PriceText,
  Proof,
  ReceiptShape,
  Ref,
  Salt,
  shapeLeaf,
  shapePlace,
  shapeReceipt,
} from "../receipt-shapes.ts";
import { Bytes32, MANAGED, Nullable, Problem } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { managerOf } from "../session.ts";

const tags = ["Usage"];
const problems = { 400: Problem, 401: Problem, 403: Problem, 404: Problem };
const MAX_PAGE = 1_000;

const Batch = {
  seq: Type.Integer({ description: "Number of the batch." }),
  root: Type.String({ ...Bytes32, description: "receiptsRoot of the batch's event." }),
};

const ReceiptFile = Type.Object(
  {
    kind: Type.Literal("infr receipt 1"),
    ...Place,
    ...Batch,
    receipt: ReceiptShape,
    ref: Ref,
    salt: Salt,
    prices: PriceText,
    receiptProof: Proof,
    account: AccountLeafShape,
    accountProof: Proof,
  },
  { description: "A receipt with its proof: `infr verify` checks it against the chain alone." },
);

const AccountReceipts = Type.Object(
  {
    kind: Type.Literal("infr account batch 1"),
    ...Place,
    ...Batch,
    ref: Ref,
    account: AccountLeafShape,
    accountProof: Proof,
    receipts: Type.Array(Type.Object({ receipt: ReceiptShape, salt: Salt })),
    prices: Type.Array(PriceText, { description: "Of the versions that the receipts of this page name." }),
    nextCursor: Nullable(Type.String()),
  },
  { description: "Your receipts in a batch. All pages together are a file for `infr verify-account`." },
);

export function receiptRoutes(app: Routes, services: Services): void {
  addReceipt(app, services);
  addReceiptsOfBatch(app, services);
}

function addReceipt(app: Routes, services: Services): void {
  app.get(
    "/api/receipts/:requestId",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "The receipt of a request with all that proves it, once its batch is built",
        params: Type.Object({ requestId: Type.String() }),
        response: { 200: ReceiptFile, ...problems },
      },
    },
    async (request) => {
      const actor = await managerOf(services, request, "account");
      const { accountId } = actor;
      const { sql, config } = services;
      await mustSee(sql, { actor, requestId: request.params.requestId });
      const proven = await proveReceipt(sql, { requestId: request.params.requestId, accountId });
      const ref = await refOf(sql, accountId);
      if (!proven || !ref) throw new NotFoundError("receipt (it exists once the request is in a batch)");
      const [prices] = await priceTextsOf(sql, [proven.receipt.priceVersion]);
      return {
        kind: "infr receipt 1" as const,
        ...shapePlace(config),
        seq: Number(proven.seq),
        root: proven.root,
        receipt: shapeReceipt(proven.receipt),
        ref,
        salt: proven.salt,
        prices: prices ?? "",
        receiptProof: proven.receiptProof,
        account: shapeLeaf(proven.account),
        accountProof: proven.accountProof,
      };
    },
  );
}

function addReceiptsOfBatch(app: Routes, services: Services): void {
  app.get(
    "/api/batches/:seq/receipts",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "Your receipts in a batch, oldest first, and your account's place in it",
        params: Type.Object({ seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) }),
        querystring: Type.Object({
          limit: Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: 100 }),
          cursor: Type.Optional(Type.String({ description: "nextCursor of the previous page" })),
        }),
        response: { 200: AccountReceipts, ...problems },
      },
    },
    async (request) => {
      const { accountId } = await managerOf(services, request, "usage");
      const { limit, cursor } = request.query;
      if (cursor !== undefined && !isId("req", cursor)) {
        throw new InvalidInputError("cursor has to be the nextCursor of a page.", "cursor");
      }
      const seq = BigInt(request.params.seq);
      const page = await readAccountReceipts(services.sql, { seq, accountId, cursor, limit });
      if (!page) throw new NotFoundError("batch with receipts of yours");
      return {
        ...page,
        kind: "infr account batch 1" as const,
        ...shapePlace(services.config),
        seq: Number(page.seq),
        account: shapeLeaf(page.account),
        receipts: page.receipts.map(({ receipt, salt }) => ({ receipt: shapeReceipt(receipt), salt })),
      };
    },
  );
}

/** Who may not see what others used sees the receipts of his own requests. @throws NotFoundError for theirs */
async function mustSee(sql: Sql, { actor, requestId }: { actor: Actor; requestId: string }): Promise<void> {
  if (may(actor.role, "usage")) return;
  const { accountId, userId: memberId } = actor;
  const isOwn =
    isId("req", requestId) &&
    (await usageOf(sql, { accountId, memberId, requestId, startedAt: timeOfId(requestId) })) !== undefined;
  if (!isOwn) throw new NotFoundError("receipt");
}
