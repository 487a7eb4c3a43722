import { formatUsd, microToNano, microUsdc, type NanoUsd, nanoUsd, parseUsd } from "@infr/money";
import { type Static, Type } from "typebox";
import { InvalidInputError } from "../errors.ts";

/** One schema per shape: it validates, types, and documents. Shapes that several routes share stand here. */
export const Money = Type.String({
  pattern: "^-?(0|[1-9][0-9]*)(\\.[0-9]{1,9})?$",
  description: "US dollars as an exact decimal string.",
  examples: ["12.345678901"],
});
/** An amount that somebody sets: not below zero, at most what a limit can hold. */
export const Amount = Type.String({
  pattern: "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,9})?$",
  description: "US dollars as an exact decimal string, below a billion.",
  examples: ["10"],
});
/** What stands in a path to name a row. */
export const Id = Type.String({ minLength: 1, maxLength: 64, pattern: "^[a-z0-9_]+$" });
export const Moment = Type.String({ format: "date-time" });
export const Day = Type.String({ format: "date", examples: ["2030-01-31"] });
export const Address = Type.String({ pattern: "^0x[0-9a-fA-F]{40}$" });
export const Bytes32 = Type.String({ pattern: "^0x[0-9a-fA-F]{64}$" });
export const Bytes = Type.String({ pattern: "^0x([0-9a-fA-F]{2})*$", maxLength: 20_000 });
export const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: "What is so, what it should be, what to do." }),
    code: Type.String({ description: "Stable and machine-readable." }),
    param: Nullable(Type.String()),
  },
  { description: "RFC 9457 problem details." },
);

export const Account = Type.Object({
  id: Type.String({ description: "acct_…" }),
  kind: Type.Enum(["personal", "team"]),
  name: Nullable(Type.String({ description: "Of a team." })),
  owner: Type.String({ ...Address, description: "The first one, which the ref was made with." }),
  currentOwner: Type.String({ ...Address, description: "Who signs for it in the contract now." }),
  salt: Nullable(Type.String({ ...Bytes32, description: "With the first owner it makes the ref; null if not known." })),
  ref: Bytes32,
  custodial: Type.Boolean({ description: "The platform signs for it in the contract, until a wallet takes it over." }),
  chainAccount: Nullable(Type.Integer({ description: "Number in the contract; null until the first deposit." })),
  createdAt: Moment,
});

export const Transaction = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  state: Type.Enum(["queued", "sent", "mined", "final", "failed"]),
  hash: Nullable(Bytes32),
  error: Nullable(Type.String()),
});

/** What somebody writes as his e-mail address; what it has to be is checked where it is used. */
export const EmailAddress = Type.String({ minLength: 3, maxLength: 320, examples: ["name@example.com"] });

/** Names that credit can be sent to, beside addresses and ids. */
export const ByName = {
  name: Type.Optional(
    Type.String({
      minLength: 3,
      maxLength: 255,
      description: "alice or alice@host, a name of ENS (alice.eth), a basename (alice.base.eth): who it leads to now.",
      examples: ["alice@infr.example"],
    }),
  ),
  phone: Type.Optional(
    Type.String({
      minLength: 7,
      maxLength: 32,
      description: "A telephone number with its country, where they are looked up.",
      examples: ["+1 555 123 4567"],
    }),
  ),
};
export const Challenge = Type.Object({
  challenge: Type.String({ description: "Send it back with the code: only both together count." }),
  expiresAt: Moment,
});
export const CodeProof = Type.Object({
  challenge: Type.String({ minLength: 1, maxLength: 128 }),
  code: Type.String({ minLength: 1, maxLength: 32, description: "The digits; spaces do not count." }),
});

/** Routes for somebody signed in, or a management key. */
export const MANAGED: ReadonlyArray<Record<string, readonly string[]>> = [{ session: [] }, { managementKey: [] }];

/** Bodies outside /v1 are small: a form, a signature, a price list. */
export const SMALL_BODY_BYTES = 65_536;

/** Query of a list: how many rows, at most. */
export const Limit = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }) });

/** Nano-dollars of an {@link Amount}: its pattern leaves nothing that could not be read. */
export const readAmount = (amount: Static<typeof Amount>): NanoUsd => parseUsd(amount);

/** The date of a {@link Moment}: the format allows some that no calendar has. @throws InvalidInputError */
export function readMoment<T extends null | undefined>(text: string | T): Date | T {
  if (typeof text !== "string") return text;
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new InvalidInputError(`"${text}" is not a moment, as in 2030-01-31T12:00:00Z.`);
  return date;
}

/** The beginning of a {@link Day}, UTC. @throws InvalidInputError */
export function readDay(text: string): Date {
  const date = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) throw new InvalidInputError(`"${text}" is not a day, as in 2030-01-31.`);
  return date;
}

/** Dollars on the wire, from a column in nano-dollars. */
export const usdOfNano = (nano: bigint): Static<typeof Money> => formatUsd(nanoUsd(nano));

/** Dollars on the wire, from a column in micro-USDC. */
export const usdOfMicro = (micro: bigint): Static<typeof Money> => formatUsd(microToNano(microUsdc(micro)));
