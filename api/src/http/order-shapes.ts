import { type Static, Type } from "typebox";
import { Address, Moment } from "./schemas.ts";

/** What the owner of an account has to sign, as `eth_signTypedData_v4` takes it. */
export const OrderToSign = Type.Object(
  {
    typedData: Type.Object({
      domain: Type.Object({
        name: Type.String(),
        version: Type.String(),
        chainId: Type.Integer(),
        verifyingContract: Address,
      }),
      types: Type.Record(Type.String(), Type.Array(Type.Object({ name: Type.String(), type: Type.String() }))),
      primaryType: Type.String(),
      message: Type.Record(Type.String(), Type.Union([Type.String(), Type.Integer()])),
    }),
    validUntil: Type.String({ ...Moment, description: "In the chain's time." }),
  },
  {
    description:
      "EIP-712 typed data for the wallet that owns the account in the contract; null where there is nothing to sign, " +
      "or not yet: while the recipient's account is being opened, read it again.",
  },
);

type TypedData = {
  domain: Static<typeof OrderToSign>["typedData"]["domain"];
  types: Record<string, ReadonlyArray<{ name: string; type: string }>>;
  primaryType: string;
  message: Record<string, unknown>;
};

/** Numbers that JSON can't hold are written as text: wallets read both. */
export const shapeOrder = (
  { domain, types, primaryType, message }: TypedData,
  deadline: number,
): Static<typeof OrderToSign> => ({
  typedData: {
    domain,
    types: Object.fromEntries(Object.entries(types).map(([name, fields]) => [name, [...fields]])),
    primaryType,
    message: Object.fromEntries(
      Object.entries(message).map(([name, value]) => [name, typeof value === "number" ? value : String(value)]),
    ),
  },
  validUntil: new Date(deadline * 1_000).toISOString(),
});
