import { ponder } from "ponder:registry";
import { batchSettled, batchVoided, overdrawn, writtenOff } from "ponder:schema";
import { placeOf } from "./place.ts";

ponder.on("CreditEscrow:BatchSettled", async ({ event, context }) => {
  await context.db.insert(batchSettled).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:BatchVoided", async ({ event, context }) => {
  await context.db.insert(batchVoided).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:Overdrawn", async ({ event, context }) => {
  await context.db.insert(overdrawn).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:WrittenOff", async ({ event, context }) => {
  await context.db.insert(writtenOff).values({ ...placeOf(event, context), ...event.args });
});
