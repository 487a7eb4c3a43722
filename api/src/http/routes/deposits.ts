import { microUsdc, nanoToMicro, parseUsd } from "@infr/money";
import { Type } from "typebox";
import { InvalidInputError } from "../../errors.ts";
import { queueAuthorization } from "../../flow/deposit/queue-authorization.ts";
import { type DepositRow, depositsOf } from "../../flow/deposit/store.ts";
import {
  Address,
  Amount,
  Bytes,
  Bytes32,
  Limit,
  Moment,
  Money,
  Problem,
  SMALL_BODY_BYTES,
  Transaction,
  usdOfMicro,
} from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";
import { shapeTransaction } from "../shapes.ts";

const tags = ["Deposits"];

const Deposit = Type.Object({
  id: Type.String(),
  amount: Money,
  rail: Type.String({
    description: "How it came in: deposit, depositFor, permit, authorization, payer, address, attributed.",
  }),
  payer: Address,
  transactionHash: Bytes32,
  blockNumber: Type.Integer(),
  finality: Type.Enum(["seen", "safe", "final"]),
  status: Type.Enum(["credited", "pending", "reversed"]),
  pending: Type.String({ ...Money, description: "What of it can be spent only when its block is safe." }),
  bookedAt: Moment,
});

const Second = Type.Integer({ minimum: 0, maximum: 253_402_300_799, description: "Seconds since 1970." });

const Authorization = Type.Object({
  from: Address,
  amount: Amount,
  validAfter: Second,
  validBefore: Second,
  memo: Bytes32,
  salt: Bytes32,
  signature: Bytes,
});

export function depositRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/deposits",
    {
      schema: {
        tags,
        summary: "Your deposits, newest first",
        querystring: Limit,
        response: { 200: Type.Object({ deposits: Type.Array(Deposit) }), 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      const rows = await depositsOf(services.sql, { accountId, limit: request.query.limit });
      return { deposits: rows.map(shapeDeposit) };
    },
  );

  app.post(
    "/api/deposits/authorizations",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Deposit without gas: sign an ERC-3009 authorization, the platform sends it",
        description:
          "Type ReceiveWithAuthorization of the USDC token, to the escrow, nonce = keccak256(abi.encode(ref, memo, salt)).",
        body: Authorization,
        response: { 202: Type.Object({ transaction: Transaction }), 400: Problem, 401: Problem, 422: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "funding");
      const { body } = request;
      const transaction = await queueAuthorization(services, {
        accountId,
        authorization: {
          // Capitals that are no checksum would be refused where the call is encoded; the signature tells the truth.
          from: body.from.toLowerCase() as `0x${string}`,
          amount: readMicro(body.amount),
          validAfter: BigInt(body.validAfter),
          validBefore: BigInt(body.validBefore),
          memo: body.memo as `0x${string}`,
          salt: body.salt as `0x${string}`,
          signature: body.signature as `0x${string}`,
        },
      });
      return reply.code(202).send({ transaction: shapeTransaction(transaction) });
    },
  );
}

function readMicro(amount: string) {
  const { micro, remainder } = nanoToMicro(parseUsd(amount));
  if (remainder !== 0n || micro <= 0n)
    throw new InvalidInputError("amount has to be above zero, with at most 6 decimals.", "amount");
  return microUsdc(micro);
}

const isPending = (row: DepositRow): boolean =>
  row.pending_micro > 0n && row.confirmed_at === null && row.reversed_at === null;

function statusOf(row: DepositRow): "credited" | "pending" | "reversed" {
  if (row.reversed_at !== null) return "reversed";
  return isPending(row) ? "pending" : "credited";
}

const shapeDeposit = (row: DepositRow) => ({
  id: row.event_id,
  amount: usdOfMicro(row.amount_micro),
  rail: row.rail,
  payer: row.payer,
  transactionHash: row.transaction_hash,
  blockNumber: Number(row.block_number),
  finality: row.finality,
  status: statusOf(row),
  pending: usdOfMicro(isPending(row) ? row.pending_micro : 0n),
  bookedAt: row.booked_at.toISOString(),
});
