import { ponder } from "ponder:registry";
import {
  capsChanged,
  eip712DomainChanged,
  pausedGroup,
  policySet,
  rescued,
  signerSet,
  successorQueued,
} from "ponder:schema";
import { placeOf } from "./place.ts";

ponder.on("CreditEscrow:PausedGroup", async ({ event, context }) => {
  const { group, from, ...rest } = event.args;
  await context.db
    .insert(pausedGroup)
    .values({ ...placeOf(event, context), ...rest, pausedGroup: group, previousUntil: from });
});

ponder.on("CreditEscrow:CapsChanged", async ({ event, context }) => {
  const { fromCapacity, fromWindow, window, ...rest } = event.args;
  await context.db.insert(capsChanged).values({
    ...placeOf(event, context),
    ...rest,
    previousCapacity: fromCapacity,
    previousWindow: fromWindow,
    windowSeconds: window,
  });
});

ponder.on("CreditEscrow:SignerSet", async ({ event, context }) => {
  const { from, to, ...rest } = event.args;
  await context.db.insert(signerSet).values({ ...placeOf(event, context), ...rest, previous: from, signer: to });
});

ponder.on("CreditEscrow:PolicySet", async ({ event, context }) => {
  const { from, to, ...rest } = event.args;
  await context.db.insert(policySet).values({ ...placeOf(event, context), ...rest, previous: from, policy: to });
});

ponder.on("CreditEscrow:SuccessorQueued", async ({ event, context }) => {
  const { from, to, ...rest } = event.args;
  await context.db
    .insert(successorQueued)
    .values({ ...placeOf(event, context), ...rest, previous: from, successor: to });
});

ponder.on("CreditEscrow:Rescued", async ({ event, context }) => {
  const { to, ...rest } = event.args;
  await context.db.insert(rescued).values({ ...placeOf(event, context), ...rest, recipient: to });
});

// Comes with the EIP-712 domain of OpenZeppelin, whose fields never change here.
ponder.on("CreditEscrow:EIP712DomainChanged", async ({ event, context }) => {
  await context.db.insert(eip712DomainChanged).values(placeOf(event, context));
});
