import rateLimit from "@fastify/rate-limit";
import type { FastifyRequest, onRequestAsyncHookHandler, RouteOptions } from "fastify";
import type { Guard, KeyOwner } from "../auth/api-keys.ts";
import type { Config } from "../config.ts";
import { InfrError } from "../errors.ts";
import type { Routes } from "./services.ts";

const WINDOW_MS = 60_000;
/** Keys or addresses that are counted at once; beyond it those not seen for longest are forgotten. */
const cache = 50_000;
const CALLER = "caller";
const FAILED_KEYS = "failedKeys";
const GUESSES = "guesses";
const GUESS_WINDOW_MS = 3_600_000;

/** More requests than a key or an address may make in a minute: HTTP 429. */
export class RateLimitedError extends InfrError {
  readonly code = "rate_limit_exceeded";
  readonly status = 429;
  override readonly retryable = true;
  override readonly retryAfterSeconds: number;

  constructor({ max, seconds }: { max: number; seconds: number }) {
    super(`More than ${max} requests came in a minute. Wait ${seconds} seconds, then go on more slowly.`);
    this.retryAfterSeconds = seconds;
  }
}

/** More codes were wrong than anybody mistypes: HTTP 429. */
export class TooManyGuessesError extends InfrError {
  readonly code = "too_many_guesses";
  readonly status = 429;
  override readonly retryable = true;
  override readonly retryAfterSeconds: number;

  constructor(seconds: number) {
    super(`Too many codes could not be redeemed. Wait ${Math.ceil(seconds / 60)} minutes, then try yours again.`);
    this.retryAfterSeconds = seconds;
  }
}

/**
 * Counts requests in this process's memory: by key where a key is asked for, by address everywhere else, strictly where
 * people sign in. Every route gets one of these when it is added, and says nothing about it itself.
 */
export async function addRateLimits(app: Routes, { rates }: Config): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    enableDraftSpec: true,
    timeWindow: WINDOW_MS,
    errorResponseBuilder: (_request, { max, ttl }) => new RateLimitedError({ max, seconds: Math.ceil(ttl / 1_000) }),
  });
  app.decorateRequest(CALLER, null);
  const failures = app.createRateLimit({ max: rates.failedKeys });
  app.decorate(
    FAILED_KEYS,
    (request: FastifyRequest): Guard => ({
      check: async () => {
        const seen = await failures(request, { increment: false });
        if (!seen.isAllowed && seen.remaining === 0) {
          throw new RateLimitedError({ max: seen.max, seconds: seen.ttlInSeconds });
        }
      },
      failed: async () => void (await failures(request)),
    }),
  );
  app.decorate(GUESSES, guessCounter(app, rates.guesses));
  const limiters = {
    key: app.rateLimit({
      max: (request) => maxOf(request, rates),
      keyGenerator: keyIdOf,
      cache,
    }),
    address: app.rateLimit({ max: rates.address, cache }),
    signIn: app.rateLimit({ max: rates.signIn, cache }),
  };
  app.addHook("onRoute", (route) => {
    const limiter = limiters[kindOf(route)] as unknown as onRequestAsyncHookHandler;
    // Keys are counted once they are known, addresses before anything is done for them.
    const own = [route.onRequest ?? []].flat();
    route.onRequest = kindOf(route) === "key" ? [...own, limiter] : [limiter, ...own];
  });
}

/** Counts codes that nobody can redeem, by address, by account and in all. */
function guessCounter(app: Routes, max: Config["rates"]["guesses"]) {
  const accounts = new WeakMap<FastifyRequest, string>();
  const settings = { timeWindow: GUESS_WINDOW_MS, cache };
  const counters = [
    app.createRateLimit({ ...settings, max: max.address }),
    app.createRateLimit({ ...settings, max: max.account, keyGenerator: (request) => accounts.get(request) ?? "" }),
    app.createRateLimit({ ...settings, max: max.all, keyGenerator: () => "all" }),
  ];
  return (request: FastifyRequest, accountId: string): Guard => {
    accounts.set(request, accountId);
    return {
      check: async () => {
        for (const counter of counters) {
          const seen = await counter(request, { increment: false });
          if (!seen.isAllowed && seen.remaining === 0) throw new TooManyGuessesError(seen.ttlInSeconds);
        }
      },
      failed: async () => {
        for (const counter of counters) await counter(request);
      },
    };
  };
}

function kindOf({ url, schema }: RouteOptions): "key" | "address" | "signIn" {
  if (schema?.security?.some((one) => "key" in one)) return "key";
  return url.startsWith("/api/auth/") ? "signIn" : "address";
}

/** Counts keys that are not valid, by address: beyond the limit strangers' keys are not even looked up. */
export const failedKeysOf = (request: FastifyRequest): Guard =>
  request.server.getDecorator<(request: FastifyRequest) => Guard>(FAILED_KEYS)(request);

/** Counts codes that an account could not redeem: beyond the limit none is even looked at. */
export const guessesOf = (request: FastifyRequest, accountId: string): Guard =>
  request.server.getDecorator<(request: FastifyRequest, accountId: string) => Guard>(GUESSES)(request, accountId);

/** Notes whose request it is, for its rate limit and its handler. */
export const setCaller = (request: FastifyRequest, caller: KeyOwner): void => request.setDecorator(CALLER, caller);

export const callerOf = (request: FastifyRequest): KeyOwner => request.getDecorator<KeyOwner>(CALLER);

/** Null where somebody signed in, or a payment, may ask too, and has: he is counted by address. */
export const knownCallerOf = (request: FastifyRequest): KeyOwner | null =>
  request.getDecorator<KeyOwner | null>(CALLER);

const keyIdOf = (request: FastifyRequest): string => knownCallerOf(request)?.keyId ?? request.ip;

function maxOf(request: FastifyRequest, rates: Config["rates"]): number {
  const caller = knownCallerOf(request);
  return caller === null ? rates.address : (caller.requestsPerMinute ?? rates.key);
}
