import { formatUsd, type NanoUsd, nanoUsd } from "@infr/money";
import { MalformedFileError } from "./errors.ts";
import { listPrices, type PriceList, readPrices, reprice } from "./prices.ts";
import { bytes32, count, flag, list, nullable, object, oneOf, paidUsd, sequence, text, usd, usdc } from "./read.ts";
import { type Check, type Verification, verificationOf } from "./verification.ts";

/** One charge of a statement. */
const readLine = object({
  requestId: text,
  time: text,
  model: text,
  keyId: nullable(text),
  priceVersion: bytes32,
  promptTokens: count,
  cachedTokens: count,
  completionTokens: count,
  reasoningTokens: count,
  units: count,
  cost: paidUsd,
  platformPaid: paidUsd,
  batchSeq: nullable(sequence),
});
type StatementLine = ReturnType<typeof readLine>;

const readGroup = object({ id: nullable(text), name: nullable(text), requests: count, cost: paidUsd });

/** A month of an account, with every charge: what `GET /api/statements/:month` answers, its pages put together. */
const readStatementFile = object({
  kind: oneOf(["infr statement 1"]),
  number: text,
  account: text,
  owner: text,
  month: text,
  from: text,
  until: text,
  issuedAt: text,
  closed: flag,
  currency: oneOf(["USD"]),
  opening: usd,
  movements: object({
    deposits: usd,
    transfersIn: usd,
    transfersOut: usd,
    converted: usd,
    exited: usd,
    granted: usd,
    expired: usd,
    usage: usd,
    writtenOff: usd,
    other: usd,
  }),
  closing: usd,
  entries: list(object({ time: text, kind: text, cause: text, amount: usd })),
  usage: object({
    requests: count,
    cost: paidUsd,
    platformPaid: paidUsd,
    byModel: list(readGroup),
    byKey: list(readGroup),
  }),
  settled: object({
    batches: count,
    line: usdc,
    listed: list(
      object({ seq: sequence, line: usdc, platformPaid: paidUsd, receipts: count, transactionHash: bytes32 }),
    ),
  }),
  earnings: object({ opening: usd, earned: usd, paidOut: usd, converted: usd, closing: usd }),
  lines: list(readLine),
  prices: list(readPrices),
  nextCursor: nullable(text),
});
type StatementFile = ReturnType<typeof readStatementFile>;

/**
 * Works a statement out again from its charges: each from what was metered and the price version it names, then all sums. Needs
 * nothing but the file.
 * @throws MalformedFileError, also for a statement whose charges are not all in the file
 */
export function repriceStatement(file: unknown): Verification {
  const statement = readStatementFile(file, "");
  if (statement.nextCursor !== null) {
    throw new MalformedFileError("lines", "complete: get the statement with `infr reprice <month> --api … --save …`");
  }
  const prices = listPrices(
    statement.prices,
    statement.lines.map(({ priceVersion }) => priceVersion),
  );
  return verificationOf([
    checkLines(statement, prices),
    checkUsage(statement),
    checkGroups("model", statement, statement.usage.byModel, ({ model }) => model),
    checkGroups("key", statement, statement.usage.byKey, ({ keyId }) => keyId),
    checkEntries(statement),
    checkBalance(statement),
    checkEarnings(statement),
  ]);
}

function checkLines({ lines }: StatementFile, prices: PriceList): Check {
  const wrong = lines.find((line) => {
    const known = prices.get(line.priceVersion);
    return !known || reprice(line, known) !== line.cost || line.platformPaid > line.cost;
  });
  return {
    name: "every charge is what was metered at the prices it names",
    ok: wrong === undefined && new Set(lines.map(({ requestId }) => requestId)).size === lines.length,
    detail: wrong ? `${wrong.requestId} is not` : `${lines.length} charges, ${prices.size} price versions`,
  };
}

function checkUsage({ lines, usage, movements }: StatementFile): Check {
  const cost = sum(lines.map((line) => line.cost));
  const platformPaid = sum(lines.map((line) => line.platformPaid));
  const agrees = cost === usage.cost && platformPaid === usage.platformPaid && lines.length === usage.requests;
  return {
    name: "the charges add up to the usage",
    ok: agrees && movements.usage === -usage.cost,
    detail: `$${formatUsd(cost)}, of which the platform paid $${formatUsd(platformPaid)}`,
  };
}

function checkGroups(
  by: string,
  { lines }: StatementFile,
  groups: StatementFile["usage"]["byModel"],
  idOf: (line: StatementLine) => string | null,
): Check {
  const grouped = Map.groupBy(lines, idOf);
  const agrees = groups.every(({ id, requests, cost }) => {
    const own = grouped.get(id) ?? [];
    return own.length === requests && sum(own.map((line) => line.cost)) === cost;
  });
  return {
    name: `the usage by ${by} adds up`,
    ok: agrees && grouped.size === groups.length && new Set(groups.map(({ id }) => id)).size === groups.length,
    detail: `${groups.length} groups`,
  };
}

/** Which movement an entry's kind counts to; transfers by their sign. */
const MOVEMENT_OF: Record<string, keyof StatementFile["movements"]> = {
  deposit: "deposits",
  transfer_in: "transfersIn",
  transfer_out: "transfersOut",
  conversion: "converted",
  exit: "exited",
  grant: "granted",
  expiry: "expired",
  settlement: "writtenOff",
  other: "other",
};

function checkEntries({ entries, movements }: StatementFile): Check {
  const sums = new Map<string, bigint>(Object.keys(movements).map((name) => [name, 0n]));
  for (const { kind, amount } of entries) {
    const movement = MOVEMENT_OF[kind] ?? "";
    sums.set(movement, (sums.get(movement) ?? 0n) + amount);
  }
  const { usage: _, ...listed } = movements;
  const differing = Object.entries(listed).find(([name, amount]) => sums.get(name) !== amount);
  return {
    name: "the entries add up to the movements",
    ok: differing === undefined && !sums.has(""),
    detail: differing ? `${differing[0]} do not` : `${entries.length} entries`,
  };
}

function checkBalance({ opening, movements, closing }: StatementFile): Check {
  const moved = sum(Object.values(movements));
  return {
    name: "opening + movements is the closing balance",
    ok: opening + moved === closing,
    detail: `$${formatUsd(opening)} + $${formatUsd(moved)} = $${formatUsd(nanoUsd(opening + moved))}`,
  };
}

function checkEarnings({ earnings }: StatementFile): Check {
  const { opening, earned, paidOut, converted, closing } = earnings;
  return {
    name: "the earnings add up",
    ok: opening + earned + paidOut + converted === closing,
    detail: `$${formatUsd(closing)} at the end`,
  };
}

const sum = (amounts: readonly bigint[]): NanoUsd => nanoUsd(amounts.reduce((total, amount) => total + amount, 0n));
