import { formatUsd, microToNano } from "@infr/money";
import { Type } from "typebox";
import { NotFoundError } from "../../errors.ts";
import { type ProvenReceipt, proveReceipt } from "../../flow/batch/receipts.ts";
import { Bytes32, Money, Problem } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { sessionOf } from "../session.ts";

const Count = Type.Integer({ minimum: 0 });
const Proof = Type.Object({ index: Count, count: Count, proof: Type.Array(Bytes32) });

const ProvenReceiptShape = Type.Object(
  {
    seq: Type.Integer({ description: "Number of the batch." }),
    root: Type.String({ ...Bytes32, description: "receiptsRoot of the batch's event." }),
    receipt: Type.Object({
      requestId: Type.String(),
      accountCommitment: Bytes32,
      operator: Type.Integer(),
      model: Type.String(),
      priceVersion: Bytes32,
      promptTokens: Count,
      cachedTokens: Count,
      completionTokens: Count,
      reasoningTokens: Count,
      units: Count,
      cost: Money,
      platformPaid: Money,
      usageSource: Type.Enum(["node", "recount", "drained"]),
      time: Type.Integer({ description: "Seconds since 1970." }),
    }),
    salt: Type.String({ ...Bytes32, description: "Opens the commitment: keccak256(abi.encode(ref, salt))." }),
    receiptProof: Proof,
    account: Type.Object({
      account: Type.Integer(),
      previousSeq: Type.Integer(),
      line: Money,
      platformPaid: Money,
      carryIn: Money,
      carryOut: Money,
      count: Count,
      subRoot: Bytes32,
    }),
    accountProof: Proof,
  },
  { description: "A receipt with its proof: packages/protocol checks it against the chain alone." },
);

export function receiptRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/receipts/:requestId",
    {
      schema: {
        tags: ["Usage"],
        summary: "The receipt of a request, provable once its batch is built",
        params: Type.Object({ requestId: Type.String() }),
        response: { 200: ProvenReceiptShape, 401: Problem, 404: Problem },
      },
    },
    async (request) => {
      const { accountId } = await sessionOf(services, request);
      const proven = await proveReceipt(services.sql, { requestId: request.params.requestId, accountId });
      if (!proven) throw new NotFoundError("receipt (it exists once the request is in a batch)");
      return shapeReceipt(proven);
    },
  );
}

function shapeReceipt({ seq, root, receipt, salt, receiptProof, account, accountProof }: ProvenReceipt) {
  return {
    seq: Number(seq),
    root,
    receipt: { ...receipt, cost: formatUsd(receipt.cost), platformPaid: formatUsd(receipt.platformPaid) },
    salt,
    receiptProof,
    account: {
      ...account,
      previousSeq: Number(account.previousSeq),
      line: formatUsd(microToNano(account.line)),
      platformPaid: formatUsd(account.platformPaid),
      carryIn: formatUsd(account.carryIn),
      carryOut: formatUsd(account.carryOut),
    },
    accountProof,
  };
}
