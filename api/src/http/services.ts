import type { IncomingMessage, ServerResponse } from "node:http";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { KeyRing } from "../auth/api-keys.ts";
import type { SignIn } from "../auth/siwe.ts";
import type { Config } from "../config.ts";
import type { Sql } from "../db/types.ts";
import type { Onramps } from "../flow/deposit/onramps/orders.ts";
import type { DepositContext } from "../flow/deposit/queue-authorization.ts";
import type { OffRamp } from "../flow/payout/off-ramp.ts";
import type { CardProcessor } from "../funding/card-processor.ts";
import type { Inference } from "../inference/run.ts";
import type { Reconciliation } from "../jobs/reconcile-store.ts";
import type { ChangeListener } from "../live/change-listener.ts";
import type { Directories } from "../names/directories.ts";
import type { Screener } from "../screening/screener.ts";

/** What routes work with: opened by the server, passed in, never imported. */
export type Services = DepositContext & {
  config: Config;
  sql: Sql;
  signIn: SignIn;
  keyRing: KeyRing;
  /** EIP-712 domain of the USDC token. */
  usdcDomain: { name: string; version: string };
  inference: Inference;
  /** Hears what has changed in the database. */
  changes: Pick<ChangeListener, "listen">;
  /** This process, as the ledger knows it. */
  instanceId: string;
  /** Pays earnings on to banks; null where there is none. */
  offRamp: OffRamp | null;
  /** Takes card payments; null where there are none. */
  cardProcessor: CardProcessor | null;
  /** Where USDC can be bought; empty where none is set up. */
  onramps: Onramps;
  /** Knows which wallets nobody may deal with; null: nobody screens. */
  screener: Screener | null;
  /** Where names lead that credit is sent to. */
  directories: Directories;
  /** Ledger, indexer, contract and USDC against each other: the newest result. */
  reserves: () => Promise<Reconciliation>;
};

/** A Fastify instance whose routes take their types from their schemas. */
export type Routes = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
