import { creditEscrowAbi } from "@infr/contracts/abi";
import type { MicroUsdc } from "@infr/money";
import { type Address, encodeFunctionData, type Hex, keccak256 } from "viem";
import type { Chain } from "../../chain/open.ts";
import {
  queueTransaction,
  type TransactionRow,
  transactionByCause,
  transactionById,
} from "../../chain/outbox-store.ts";
import { isRevert, revertReason } from "../../chain/rpc-errors.ts";
import type { Sql } from "../../db/types.ts";
import { InfrError, InvalidInputError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { ownerOfAccount } from "./store.ts";

/** What checking a deposit may burn: signatures of smart wallets run code that we do not know. */
const GAS_LIMIT = 1_000_000n;
/** The smallest deposit that the contract takes. */
export const MIN_DEPOSIT_MICRO = 5_000_000n;

/** The chain would not take this deposit. */
export class DepositRefusedError extends InfrError {
  readonly code = "deposit_refused";
  readonly status = 422;

  constructor(reason: string) {
    super(
      `The contract would refuse this deposit: ${reason}. Check balance, amount, validity and nonce, and sign again.`,
    );
  }
}

/** An ERC-3009 `ReceiveWithAuthorization` that its owner has signed; its nonce binds the account, see the contract. */
export type Authorization = {
  from: Address;
  amount: MicroUsdc;
  validAfter: bigint;
  validBefore: bigint;
  memo: Hex;
  salt: Hex;
  signature: Hex;
};

/** What depositing for others depends on. */
export type DepositContext = { sql: Sql; chain: Chain; relayer: Address };

/**
 * Queues a gasless deposit: the payer has signed, the platform sends. It is tried against the chain first, so that a
 * wrong signature is told at once; repeating it gives the same transaction.
 * @throws InvalidInputError below the minimum, DepositRefusedError when the contract would revert
 */
export async function queueAuthorization(
  { sql, chain, relayer }: DepositContext,
  { accountId, authorization }: { accountId: string; authorization: Authorization },
): Promise<TransactionRow> {
  if (authorization.amount < MIN_DEPOSIT_MICRO) {
    throw new InvalidInputError(
      "amount has to be at least 5 USDC: smaller deposits cost more to settle than they bring.",
      "amount",
    );
  }
  const account = await ownerOfAccount(sql, accountId);
  const { from, salt, ...rest } = authorization;
  const data = encodeFunctionData({
    abi: creditEscrowAbi,
    functionName: "depositWithAuthorization",
    args: [{ ...rest, from, owner: account.owner, accountSalt: account.salt, nonceSalt: salt }],
  });
  const cause = `authorization:${keccak256(data)}`;
  const queued = await transactionByCause(sql, cause);
  if (queued && queued.state !== "failed") return queued;
  try {
    await chain.client.call({ account: relayer, to: chain.escrow, data, gas: GAS_LIMIT });
  } catch (error) {
    if (isRevert(error)) throw new DepositRefusedError(revertReason(error));
    throw error;
  }
  const transactionId = newId("tx");
  return sql.begin((tx) =>
    queueTransaction(tx, {
      transactionId,
      accountId,
      kind: "deposit",
      cause,
      sender: relayer,
      target: chain.escrow,
      data,
    }),
  );
}

/** A transaction that we send for an account, if it is that account's. */
export const transactionOf = (
  { sql }: DepositContext,
  id: { accountId: string; transactionId: string },
): Promise<TransactionRow | undefined> => transactionById(sql, id);
