import { ponder } from "ponder:registry";
import { accountOpened, deposited, refundQueued, surplusAttributed, surplusRefunded } from "ponder:schema";
import { placeOf } from "./place.ts";

ponder.on("CreditEscrow:AccountOpened", async ({ event, context }) => {
  await context.db.insert(accountOpened).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:Deposited", async ({ event, context }) => {
  await context.db.insert(deposited).values({ ...placeOf(event, context), ...event.args });
});

ponder.on("CreditEscrow:SurplusAttributed", async ({ event, context }) => {
  const { blockHash, logIndex, ...rest } = event.args;
  await context.db
    .insert(surplusAttributed)
    .values({ ...placeOf(event, context), ...rest, sourceBlockHash: blockHash, sourceLogIndex: logIndex });
});

ponder.on("CreditEscrow:RefundQueued", async ({ event, context }) => {
  const { to, blockHash, logIndex, ...rest } = event.args;
  await context.db.insert(refundQueued).values({
    ...placeOf(event, context),
    ...rest,
    recipient: to,
    sourceBlockHash: blockHash,
    sourceLogIndex: logIndex,
  });
});

ponder.on("CreditEscrow:SurplusRefunded", async ({ event, context }) => {
  const { to, blockHash, logIndex, ...rest } = event.args;
  await context.db.insert(surplusRefunded).values({
    ...placeOf(event, context),
    ...rest,
    recipient: to,
    sourceBlockHash: blockHash,
    sourceLogIndex: logIndex,
  });
});
