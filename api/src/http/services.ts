import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from "fastify";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { KeyRing } from "../auth/api-keys.ts";
import type { SignIn } from "../auth/siwe.ts";
import type { Chain } from "../chain/open.ts";
import type { Config } from "../config.ts";
import type { Sql } from "../db/types.ts";
import type { Inference } from "../inference/chat.ts";

/** What routes work with: opened by the server, passed in, never imported. */
export type Services = {
  config: Config;
  sql: Sql;
  chain: Chain;
  signIn: SignIn;
  keyRing: KeyRing;
  inference: Inference;
};

/** A Fastify instance whose routes take their types from their schemas. */
export type Routes = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression<RawServerDefault>,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
