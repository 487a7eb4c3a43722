import { type Static, Type } from "typebox";
import { Check } from "typebox/value";
import { UnavailableError } from "../errors.ts";
import type { Screener } from "./screener.ts";

const TIMEOUT_MS = 5_000;
const MAX_DETAIL = 500;
const Answer = Type.Object({
  identifications: Type.Array(Type.Object({ category: Type.String(), name: Type.Union([Type.String(), Type.Null()]) })),
});

/**
 * The sanctions API of Chainalysis (go.chainalysis.com/chainalysis-oracle-docs.html): `GET /api/v1/address/{address}` with
 * the key in `X-API-Key` answers the lists that an address is on, none for most.
 */
export function openChainalysis({ url, key }: { url: URL; key: string }): Screener {
  return {
    provider: "chainalysis",
    screen: async (address) => {
      const { identifications } = await ask(new URL(`/api/v1/address/${address}`, url), key);
      const lists = identifications.map(({ category, name }) => name ?? category);
      return { listed: lists.length === 0 ? null : lists.join("; ").slice(0, MAX_DETAIL) || "listed" };
    },
  };
}

async function ask(url: URL, key: string): Promise<Static<typeof Answer>> {
  try {
    const answer = await fetch(url, {
      headers: { "x-api-key": key, accept: "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body: unknown = answer.ok ? await answer.json() : null;
    if (Check(Answer, body)) return body;
    throw new Error(`screening answered ${answer.status}`);
  } catch (cause) {
    throw new UnavailableError("The service that screens wallets", cause);
  }
}
