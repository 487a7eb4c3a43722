import { createTransport, type EIP1193RequestFn, http, type Transport } from "viem";
import { isNodesFault } from "./rpc-errors.ts";

/** An endpoint that did not answer, or lags, is asked last for so long. */
const BENCH_MS = 30_000;
/** Blocks behind the newest that any endpoint has named at which an endpoint is asked last: 2 seconds on Base. */
const LAG_BLOCKS = 10n;

type Endpoint = { request: EIP1193RequestFn; benchedAt: number };

/**
 * Asks the first endpoint, and the next ones if it is out of reach or lags behind the others. One that failed is asked
 * last for half a minute, so that not every question waits for its time-out. (viem's `fallback` asks in the same order
 * every time, or keeps timers that ping.) What a node answers, an error of the contract included, is never asked twice.
 */
export function failover(urls: readonly string[], options: { timeout: number }): Transport {
  const [first, ...others] = urls;
  if (first === undefined) throw new Error("a chain has at least one endpoint");
  if (others.length === 0) return http(first, { ...options, retryCount: 1 });
  return (context) => {
    const endpoints: Endpoint[] = urls.map((url) => ({
      request: http(url, { ...options, retryCount: 0 })(context).request,
      benchedAt: Number.NEGATIVE_INFINITY,
    }));
    const heads = { highest: 0n };
    const request = (async (question) => ask(endpoints, { question, heads })) as EIP1193RequestFn;
    return createTransport({ key: "failover", name: "failover", type: "failover", request, retryCount: 1 });
  };
}

type Question = { question: Parameters<EIP1193RequestFn>[0]; heads: { highest: bigint } };

async function ask(endpoints: readonly Endpoint[], { question, heads }: Question): Promise<unknown> {
  const isBenched = ({ benchedAt }: Endpoint) => performance.now() - benchedAt < BENCH_MS;
  const order = endpoints.toSorted((a, b) => Number(isBenched(a)) - Number(isBenched(b)));
  let late: string | undefined;
  let failure: unknown;
  for (const endpoint of order) {
    try {
      const answer = await endpoint.request(question);
      if (question.method !== "eth_blockNumber" || !lags(String(answer), heads)) return answer;
      late ??= String(answer);
    } catch (error) {
      if (!isNodesFault(error)) throw error;
      failure ??= error;
    }
    endpoint.benchedAt = performance.now();
  }
  // All lag: a chain that was reorganised to be shorter does. The first answer is as good as any.
  if (late === undefined) throw failure;
  heads.highest = BigInt(late);
  return late;
}

function lags(answer: string, heads: { highest: bigint }): boolean {
  const head = BigInt(answer);
  if (head > heads.highest) heads.highest = head;
  return head + LAG_BLOCKS < heads.highest;
}
