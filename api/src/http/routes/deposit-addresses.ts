import { Type } from "typebox";
import { depositAddress } from "../../flow/deposit/addresses/address.ts";
import { plainTransfersOfUser, type SuspenseRow } from "../../flow/deposit/plain/store.ts";
import { MIN_DEPOSIT_MICRO } from "../../flow/deposit/queue-authorization.ts";
import { Address, Bytes32, Limit, Moment, Money, Problem, usdOfMicro } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf, sessionOf } from "../session.ts";

const tags = ["Deposits"];

const DepositAddress = Type.Object({
  address: Address,
  network: Type.String({ description: "CAIP-2: eip155:8453 is Base." }),
  token: { ...Address, description: "USDC: nothing else is credited." },
  minimum: Type.String({ ...Money, description: "Less waits at the address until more comes." }),
  waiting: Type.String({ ...Money, description: "What was seen there last and is not credited yet." }),
});

const PlainTransfer = Type.Object({
  transactionHash: Bytes32,
  sender: Address,
  amount: Money,
  sentAt: Moment,
  status: Type.Enum(["credited", "sent", "waits"]),
});

/** Money that comes by plain transfers: to an account's own address, or to the contract itself. */
export function depositAddressRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/deposits/address",
    {
      schema: {
        tags,
        summary: "Your account's deposit address: send USDC on Base to it, from a wallet, an exchange or an onramp",
        description:
          "It is yours from sign-up on. Less than $5 waits there and adds up; $5 and more is credited at once. USDC on other chains, and other tokens, are not taken: Base only.",
        response: { 200: DepositAddress, 401: Problem, 503: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      const { address, balance_micro: waiting } = await depositAddress(services, accountId);
      return {
        address,
        network: `eip155:${services.chain.chainId}`,
        token: services.chain.usdc,
        minimum: usdOfMicro(MIN_DEPOSIT_MICRO),
        waiting: usdOfMicro(waiting),
      };
    },
  );

  app.get(
    "/api/deposits/transfers",
    {
      schema: {
        tags,
        summary: "Plain USDC transfers from your wallets to the contract, newest first",
        description:
          "What was sent to the contract itself, rather than deposited, is credited once its block is safe: to the account that a memo names, else to the sender's. Signing in with the sending wallet is what claims it.",
        querystring: Limit,
        response: { 200: Type.Object({ transfers: Type.Array(PlainTransfer) }), 401: Problem },
      },
    },
    async (request) => {
      const { userId } = await sessionOf(services, request);
      const rows = await plainTransfersOfUser(services.sql, { userId, limit: request.query.limit });
      return { transfers: rows.map(shapeTransfer) };
    },
  );
}

const shapeTransfer = (row: SuspenseRow) => ({
  transactionHash: row.transaction_hash,
  sender: row.sender,
  amount: usdOfMicro(row.amount_micro),
  sentAt: row.sent_at.toISOString(),
  status: row.status,
});
