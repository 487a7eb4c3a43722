import { ponder } from "ponder:registry";
import { paidOut, payoutSkipped, payoutToQueued, payoutToSet, suspended } from "ponder:schema";
import { placeOf } from "./place.ts";

ponder.on("CreditEscrow:PaidOut", async ({ event, context }) => {
  const { to, ...rest } = event.args;
  await context.db.insert(paidOut).values({ ...placeOf(event, context), ...rest, recipient: to });
});

ponder.on("CreditEscrow:PayoutSkipped", async ({ event, context }) => {
  await context.db.insert(payoutSkipped).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:PayoutToQueued", async ({ event, context }) => {
  const { to, ...rest } = event.args;
  await context.db.insert(payoutToQueued).values({ ...placeOf(event, context), ...rest, recipient: to });
});

ponder.on("CreditEscrow:PayoutToSet", async ({ event, context }) => {
  const { to, ...rest } = event.args;
  await context.db.insert(payoutToSet).values({ ...placeOf(event, context), ...rest, recipient: to });
});

ponder.on("CreditEscrow:Suspended", async ({ event, context }) => {
  const { from, ...rest } = event.args;
  await context.db.insert(suspended).values({ ...placeOf(event, context), ...rest, previousUntil: from });
});
