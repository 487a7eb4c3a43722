import { Type } from "typebox";
import { Check } from "typebox/value";
import type { Dispatcher } from "undici";
import type { Address, Hex } from "viem";
import { getJson } from "../outbound/get-json.ts";

const Answer = Type.Object({ data: Type.String({ pattern: "^0x([0-9a-fA-F]{2})*$" }) });
const MOST_GATEWAYS = 3;

/**
 * Asks the gateways that a resolver names for what it keeps off-chain (ERC-3668): one after the other, until one answers.
 * They are whatever somebody has written into his resolver, so they are asked as strangers.
 */
export async function askGateways(
  agent: Dispatcher,
  { data, sender, urls }: { data: Hex; sender: Address; urls: readonly string[] },
): Promise<Hex> {
  let failure: unknown = new Error("the resolver names no gateway");
  for (const url of urls.slice(0, MOST_GATEWAYS)) {
    try {
      const answer = await getJson(requestFor(agent, { url, data, sender: sender.toLowerCase() }));
      if (Check(Answer, answer)) return answer.data as Hex;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A URL that has the data in it is fetched, another one is posted to. */
function requestFor(agent: Dispatcher, { url, data, sender }: { url: string; data: Hex; sender: string }) {
  const filled = new URL(url.replaceAll("{sender}", sender).replaceAll("{data}", data));
  if (url.includes("{data}")) return { agent, url: filled };
  const headers = { "content-type": "application/json" };
  return { agent, url: filled, method: "POST" as const, headers, body: JSON.stringify({ data, sender }) };
}
