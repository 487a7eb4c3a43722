import { formatUsd, microToNano } from "@infr/money";
import type { Owed } from "@infr/protocol";
import { Type } from "typebox";
import { NotFoundError } from "../../errors.ts";
import { owedOf, proveLiability } from "../../reserves/prove-liability.ts";
import { type DayRow, dayRow } from "../../reserves/store.ts";
import { Place, Ref, Salt, shapePlace } from "../receipt-shapes.ts";
import { Bytes32, Day, MANAGED, Money, Nullable, Problem, readDay, usdOfMicro } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { managerOf } from "../session.ts";

const tags = ["Public"];

const OwedShape = Type.Object({
  credit: Type.String({ ...Money, description: "To buyers: unspent credit in the contract." }),
  earnings: Type.String({ ...Money, description: "To earners: not paid out." }),
  vouchers: Type.String({ ...Money, description: "To whoever redeems them: open gift codes, by who issued them." }),
});

const DayEnd = {
  ...Place,
  day: Type.String({ ...Day, description: "UTC." }),
  block: Type.Integer({ description: "The last block of that day." }),
  root: Type.String({ ...Bytes32, description: "Of the Merkle-sum tree over all accounts: keep it, and compare it." }),
  total: OwedShape,
};

const ReservesOfDay = Type.Object({
  ...DayEnd,
  blockHash: Bytes32,
  accounts: Type.Integer(),
  owed: Type.String({ ...Money, description: "The sum of the total: what the contract owed at that block." }),
  held: Nullable(
    Type.String({ ...Money, description: "USDC in the contract; null where our node had lost the block's state." }),
  ),
  surplus: Nullable(Money),
});

const Count = Type.Integer({ minimum: 0 });

const Proof = Type.Object(
  {
    kind: Type.Literal("infr reserves 1"),
    ...DayEnd,
    ref: Ref,
    salt: Salt,
    owed: OwedShape,
    proof: Type.Object({
      index: Count,
      count: Count,
      siblings: Type.Array(Type.Object({ hash: Bytes32, ...OwedShape.properties })),
    }),
  },
  { description: "Your place in the day's total: `infr verify-reserves` checks it." },
);

export function reserveRoutes(app: Routes, services: Services): void {
  const { sql, config } = services;
  const params = Type.Object({ day: Day });
  const shapeDay = (row: DayRow) => ({
    ...shapePlace(config),
    day: row.day,
    block: Number(row.block_number),
    root: row.root,
    total: shapeOwed(owedOf(row)),
  });

  app.get(
    "/api/reserves/:day",
    {
      schema: {
        tags,
        summary: "What was owed and held at the end of a day, and the root that counts everybody in",
        params,
        response: { 200: ReservesOfDay, 400: Problem, 404: Problem },
      },
    },
    async (request) => {
      const row = await dayRow(sql, dayOf(request.params.day));
      if (!row) throw new NotFoundError("day with published reserves");
      const owed = row.credit_micro + row.earnings_micro + row.vouchers_micro;
      return {
        ...shapeDay(row),
        blockHash: row.block_hash,
        accounts: row.accounts,
        owed: usdOfMicro(owed),
        held: row.held_micro === null ? null : usdOfMicro(row.held_micro),
        surplus: row.held_micro === null ? null : usdOfMicro(row.held_micro - owed),
      };
    },
  );

  app.get(
    "/api/reserves/:day/proof",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "Your own leaf of a day, and its path to the root",
        params,
        response: { 200: Proof, 400: Problem, 401: Problem, 403: Problem, 404: Problem },
      },
    },
    async (request) => {
      const { accountId } = await managerOf(services, request, "statements");
      const proven = await proveLiability(sql, { day: dayOf(request.params.day), accountId });
      if (!proven) throw new NotFoundError("day on which you were owed something");
      const { day, ref, salt, owed, proof } = proven;
      const siblings = proof.siblings.map(({ hash, ...sums }) => ({ hash, ...shapeOwed(sums) }));
      return {
        kind: "infr reserves 1" as const,
        ...shapeDay(day),
        ref,
        salt,
        owed: shapeOwed(owed),
        proof: { ...proof, siblings },
      };
    },
  );
}

/** A day of the calendar. @throws InvalidInputError */
const dayOf = (text: string): string => readDay(text).toISOString().slice(0, 10);

const shapeOwed = ({ credit, earnings, vouchers }: Owed) => ({
  credit: formatUsd(microToNano(credit)),
  earnings: formatUsd(microToNano(earnings)),
  vouchers: formatUsd(microToNano(vouchers)),
});
