import { ponder } from "ponder:registry";
import { paidOut, payoutToQueued } from "ponder:schema";
import { placeOf } from "./place.ts";

ponder.on("CreditEscrow:PaidOut", async ({ event, context }) => {
  const { to, ...rest } = event.args;
  await context.db.insert(paidOut).values({ ...placeOf(event, context), ...rest, recipient: to });
});

ponder.on("CreditEscrow:PayoutToQueued", async ({ event, context }) => {
  const { to, ...rest } = event.args;
  await context.db.insert(payoutToQueued).values({ ...placeOf(event, context), ...rest, recipient: to });
});
