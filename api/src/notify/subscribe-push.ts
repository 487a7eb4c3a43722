import type { Sql } from "../db/types.ts";
import { InfrError, InvalidInputError, NotFoundError } from "../errors.ts";
import { newId } from "../ids.ts";
import { readPublicUrl } from "../outbound/public-url.ts";
import { deleteSubscription, type SubscriptionRow, saveSubscription } from "./push-store.ts";

const MAX_BROWSERS = 20;
/** An uncompressed point of P-256, and 16 random bytes (RFC 8291, 3.2). */
const [POINT_BYTES, UNCOMPRESSED, AUTH_BYTES] = [65, 4, 16];

/** More browsers than a user may have: HTTP 409. */
export class TooManyBrowsersError extends InfrError {
  readonly code = "too_many_browsers";
  readonly status = 409;

  constructor() {
    super(`A user has at most ${MAX_BROWSERS} browsers with notifications. Remove one.`);
  }
}

type Subscription = { userId: string; endpoint: string; keys: { p256dh: string; auth: string }; allowPrivate: boolean };

/** Keeps what `PushManager.subscribe()` gave: this browser is told from now on. @throws InvalidInputError, TooManyBrowsersError */
export async function subscribePush(
  sql: Sql,
  { userId, endpoint, keys, allowPrivate }: Subscription,
): Promise<SubscriptionRow> {
  const url = readPublicUrl(endpoint, { allowPrivate }).href;
  const point = Buffer.from(keys.p256dh, "base64url");
  if (point.length !== POINT_BYTES || point[0] !== UNCOMPRESSED) {
    throw new InvalidInputError(
      "keys.p256dh has to be an uncompressed point of P-256, as the browser gives it.",
      "keys",
    );
  }
  if (Buffer.from(keys.auth, "base64url").length !== AUTH_BYTES) {
    throw new InvalidInputError("keys.auth has to be 16 bytes, as the browser gives it.", "keys");
  }
  return sql.begin(async (tx) => {
    const subscription = { subscriptionId: newId("push"), userId, endpoint: url, ...keys, max: MAX_BROWSERS };
    const row = await saveSubscription(tx, subscription);
    if (!row) throw new TooManyBrowsersError();
    return row;
  });
}

/** @throws NotFoundError */
export async function unsubscribePush(sql: Sql, which: { userId: string; subscriptionId: string }): Promise<void> {
  if (!(await deleteSubscription(sql, which))) throw new NotFoundError("browser");
}
