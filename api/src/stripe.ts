import { Stripe } from "stripe";

const TIMEOUT_MS = 20_000;
const TRIES_AGAIN = 1;

/** A client of Stripe's API; of another place than Stripe's own, if given. */
export function openStripeClient({ secretKey, apiUrl }: { secretKey: string; apiUrl?: URL | undefined }): Stripe {
  return new Stripe(secretKey, {
    timeout: TIMEOUT_MS,
    maxNetworkRetries: TRIES_AGAIN,
    telemetry: false,
    ...(apiUrl && {
      host: apiUrl.hostname,
      port: apiUrl.port,
      protocol: apiUrl.protocol === "http:" ? "http" : "https",
    }),
  });
}
