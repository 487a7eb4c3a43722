import { Type } from "typebox";
import { Check } from "typebox/value";
import type { Dispatcher } from "undici";
import type { Address, Hex } from "viem";
import { getJson } from "../outbound/get-json.ts";

const Answer = Type.Object({ data: Type.String({ pattern: "^0x([0-9a-fA-F]{2})*$" }) });
const MOST_BYTES = 65_536;

type Lookup = { data: Hex; sender: Address; urls: readonly string[] };

/**
 * Asks the gateways that a resolver names for what it keeps off-chain (ERC-3668): one after the other, until one answers. They
 * are whatever somebody has written into his resolver, which may name thousands, or ask again for ever: so they are asked as
 * strangers, and no more than `most` times in all.
 */
export function gatewaysOf({ agent, isPlain, most }: { agent: Dispatcher; isPlain: boolean; most: number }) {
  let left = most;
  return async (lookup: Lookup): Promise<Hex> => {
    let failure: unknown = new Error("the resolver names no gateway that may be asked");
    for (const url of lookup.urls) {
      if (left-- <= 0) throw new Error("the resolver asks too much of its gateways");
      try {
        const answer = await getJson({ agent, mostBytes: MOST_BYTES, ...requestFor({ ...lookup, url, isPlain }) });
        if (Check(Answer, answer)) return answer.data as Hex;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };
}

/** A URL that has the data in it is fetched, another one is posted to. */
function requestFor({ url: text, data, sender, isPlain }: Omit<Lookup, "urls"> & { url: string; isPlain: boolean }) {
  const from = sender.toLowerCase();
  const url = new URL(text.replaceAll("{sender}", from).replaceAll("{data}", data));
  if (url.protocol !== "https:" && !isPlain) throw new Error("gateways are asked by https alone");
  if (text.includes("{data}")) return { url };
  const headers = { "content-type": "application/json" };
  return { url, method: "POST" as const, headers, body: JSON.stringify({ data, sender: from }) };
}
