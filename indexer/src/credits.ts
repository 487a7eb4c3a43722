import { ponder } from "ponder:registry";
import {
  dayLimitQueued,
  dayLimitSet,
  earningsConverted,
  exitCancelled,
  exited,
  exitRequested,
  migrated,
  ownerCancelled,
  ownerChanged,
  ownerQueued,
  transferred,
  voucherClosed,
  voucherCreated,
} from "ponder:schema";
import { placeOf } from "./place.ts";

ponder.on("CreditEscrow:Transferred", async ({ event, context }) => {
  const { from, to, ...rest } = event.args;
  await context.db
    .insert(transferred)
    .values({ ...placeOf(event, context), ...rest, fromAccount: from, toAccount: to });
});

ponder.on("CreditEscrow:VoucherCreated", async ({ event, context }) => {
  const { from, to, ...rest } = event.args;
  await context.db
    .insert(voucherCreated)
    .values({ ...placeOf(event, context), ...rest, fromAccount: from, toAccount: to });
});

ponder.on("CreditEscrow:VoucherClosed", async ({ event, context }) => {
  const { to, ...rest } = event.args;
  await context.db.insert(voucherClosed).values({ ...placeOf(event, context), ...rest, toAccount: to });
});

ponder.on("CreditEscrow:EarningsConverted", async ({ event, context }) => {
  await context.db.insert(earningsConverted).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:DayLimitQueued", async ({ event, context }) => {
  await context.db.insert(dayLimitQueued).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:DayLimitSet", async ({ event, context }) => {
  await context.db.insert(dayLimitSet).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:OwnerQueued", async ({ event, context }) => {
  await context.db.insert(ownerQueued).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:OwnerChanged", async ({ event, context }) => {
  await context.db.insert(ownerChanged).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:OwnerCancelled", async ({ event, context }) => {
  await context.db.insert(ownerCancelled).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:ExitRequested", async ({ event, context }) => {
  await context.db.insert(exitRequested).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:ExitCancelled", async ({ event, context }) => {
  await context.db.insert(exitCancelled).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:Exited", async ({ event, context }) => {
  const { to, ...rest } = event.args;
  await context.db.insert(exited).values({ ...placeOf(event, context), ...rest, recipient: to });
});

ponder.on("CreditEscrow:Migrated", async ({ event, context }) => {
  await context.db.insert(migrated).values({ ...placeOf(event, context), ...event.args });
});
