import { ponder } from "ponder:registry";
import { accountOpened, deposited } from "ponder:schema";
import { placeOf } from "./place.ts";

ponder.on("CreditEscrow:AccountOpened", async ({ event, context }) => {
  await context.db.insert(accountOpened).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:Deposited", async ({ event, context }) => {
  await context.db.insert(deposited).values({ ...placeOf(event, context), ...event.args });
});
