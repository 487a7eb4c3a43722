import { formatUsd, microToNano } from "@infr/money";
import type { AccountLeaf, Receipt } from "@infr/protocol";
import { Type } from "typebox";
import type { Config } from "../config.ts";
import { Address, Bytes32, Money } from "./schemas.ts";

/** Shapes of what can be checked against the chain: `packages/sdk` reads them, and believes nothing that they say. */
const Count = Type.Integer({ minimum: 0 });

export const Proof = Type.Object({ index: Count, count: Count, proof: Type.Array(Bytes32) });

export const Place = {
  chainId: Type.Integer(),
  escrow: Address,
};

export const Salt = Type.String({ ...Bytes32, description: "Opens the commitment: keccak256(abi.encode(ref, salt))." });
export const Ref = Type.String({ ...Bytes32, description: "Of the account: keccak256(owner, salt)." });
export const PriceText = Type.String({
  description: "Canonical text of a set of concrete prices: keccak256 of it is the price version.",
});

export const ReceiptShape = Type.Object({
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
});

export const AccountLeafShape = Type.Object({
  account: Type.Integer(),
  previousSeq: Type.Integer(),
  line: Money,
  platformPaid: Money,
  carryIn: Money,
  carryOut: Money,
  count: Count,
  subRoot: Bytes32,
});

export const shapePlace = ({ chainId, escrow }: Pick<Config, "chainId" | "escrow">) => ({
  chainId,
  escrow: escrow.toLowerCase(),
});

export const shapeReceipt = (receipt: Receipt) => ({
  ...receipt,
  cost: formatUsd(receipt.cost),
  platformPaid: formatUsd(receipt.platformPaid),
});

export const shapeLeaf = (account: AccountLeaf) => ({
  ...account,
  previousSeq: Number(account.previousSeq),
  line: formatUsd(microToNano(account.line)),
  platformPaid: formatUsd(account.platformPaid),
  carryIn: formatUsd(account.carryIn),
  carryOut: formatUsd(account.carryOut),
});
