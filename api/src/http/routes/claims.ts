import { type Static, Type } from "typebox";
import { NotFoundError } from "../../errors.ts";
import { claimCredit } from "../../flow/credit/claim-credit.ts";
import { claimById, senderName } from "../../flow/credit/claims-store.ts";
import type { MoveRow } from "../../flow/credit/moves-store.ts";
import { moveContext } from "../move-context.ts";
import { Id, Moment, Money, Problem, SMALL_BODY_BYTES, usdOfMicro } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Transfers"];
const params = Type.Object({ id: Id });
const NOWHERE: ReadonlySet<MoveRow["state"]> = new Set(["failed"]);

const Claim = Type.Object({
  id: Type.String({ description: "transfer_…, from the link" }),
  state: Type.Enum(["pending", "unclaimed", "claimed", "over"], {
    description: "pending: not in the contract yet. over: it went back, or is on its way back, to who sent it.",
  }),
  amount: Money,
  message: Type.String(),
  from: Type.String({ description: "How the sender is called." }),
  until: Type.String({ ...Moment, description: "In the chain's time. Then it goes back by itself." }),
});

/** Credit that was sent to an e-mail address, as the link in the mail shows it. */
export function claimRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/claims/:id",
    {
      schema: {
        tags,
        security: [],
        summary: "What waits behind a link in a mail",
        description: "For whoever has the link. To have it takes the e-mail address that it was sent to.",
        params,
        response: { 200: Claim, 404: Problem },
      },
    },
    async (request) => {
      const row = await claimById(services.sql, request.params.id);
      if (!row || NOWHERE.has(row.state)) throw new NotFoundError("credit to claim");
      const { account_id: accountId, user_id: userId } = row;
      return shapeClaim(row, await senderName(services.sql, { accountId, userId }));
    },
  );

  app.post(
    "/api/claims/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Have what waits for your e-mail address put into your account",
        description:
          "Signing in by that address is enough: it happens by itself then. This is for another account of yours.",
        params,
        response: {
          200: Type.Object({
            state: Type.Enum(["opening", "pending", "redeemed"], {
              description: "opening: your account is being opened in the contract: ask again in a few seconds.",
            }),
            amount: Money,
          }),
          401: Problem,
          403: Problem,
          404: Problem,
          409: Problem,
          422: Problem,
        },
      },
    },
    async (request) => {
      const redeemer = await actorOf(services, request, "funding");
      const claimed = await claimCredit(moveContext(services), { moveId: request.params.id, ...redeemer });
      return { state: claimed.state, amount: usdOfMicro(claimed.row.amount_micro) };
    },
  );
}

const shapeClaim = (row: MoveRow, from: string): Static<typeof Claim> => ({
  id: row.move_id,
  state: stateOf(row),
  amount: usdOfMicro(row.amount_micro),
  message: row.note,
  from,
  until: new Date(Number(row.expiry) * 1_000).toISOString(),
});

function stateOf({ state, revoked_at: revokedAt, redeemer_id: redeemerId }: MoveRow): Static<typeof Claim>["state"] {
  if (state === "redeemed") return "claimed";
  if (state === "pending") return "pending";
  if (state !== "active" || revokedAt !== null) return "over";
  return redeemerId === null ? "unclaimed" : "pending";
}
