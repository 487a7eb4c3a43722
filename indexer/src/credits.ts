import { ponder } from "ponder:registry";
import { earningsConverted, exited } from "ponder:schema";
import { placeOf } from "./place.ts";

ponder.on("CreditEscrow:EarningsConverted", async ({ event, context }) => {
  await context.db.insert(earningsConverted).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:Exited", async ({ event, context }) => {
  const { to, ...rest } = event.args;
  await context.db.insert(exited).values({ ...placeOf(event, context), ...rest, recipient: to });
});
