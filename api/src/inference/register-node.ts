import { nanoUsd, parseUsd } from "@infr/money";
import type { Sql } from "../db/types.ts";
import { InfrError, InvalidInputError } from "../errors.ts";
import { newId } from "../ids.ts";
import { saveOffer } from "../metering/store.ts";
import { type NodeRow, saveNode } from "./nodes-store.ts";

const TOKENS_PER_PRICE = 1_000_000n;
const PROBE_MS = 5_000;

/** A model that a node offers, with prices in dollars per million tokens. */
export type OfferedModel = {
  id: string;
  promptPerMillion: string;
  cachedPerMillion?: string;
  completionPerMillion: string;
  contextLength: number;
  maxCompletionTokens: number;
};

/** The node at this URL does not answer, or does not serve what is offered. */
export class NodeProbeError extends InfrError {
  readonly code = "node_probe_failed";
  readonly status = 422;
  override readonly param = "url";
}

export type NodeRules = { allowPrivate: boolean; maxPricePerMillionUsd: string };

/**
 * Puts a node and its models up for sale, once the node has shown that it serves them. Doing it again changes name and
 * prices; what was metered keeps its price version.
 * @throws InvalidInputError, NodeProbeError
 */
export async function registerNode(
  { sql, rules }: { sql: Sql; rules: NodeRules },
  { accountId, name, url, models }: { accountId: string; name: string; url: string; models: OfferedModel[] },
): Promise<NodeRow> {
  const origin = readNodeUrl(url, rules);
  const priced = models.map((model) => ({ model, prices: readPrices(model, rules) }));
  await probe(
    origin,
    models.map((model) => model.id),
  );
  return sql.begin(async (tx) => {
    const node = await saveNode(tx, { nodeId: newId("node"), accountId, name, url: origin });
    for (const { model, prices } of priced) {
      await saveOffer(tx, {
        nodeId: node.node_id,
        model: model.id,
        prices,
        contextTokens: model.contextLength,
        maxCompletionTokens: model.maxCompletionTokens,
      });
    }
    return node;
  });
}

/** Whoever registers a node chooses where we send requests: outside development only https, and no bare addresses. */
function readNodeUrl(text: string, { allowPrivate }: NodeRules): string {
  if (!URL.canParse(text))
    throw new InvalidInputError("url has to be a full URL, such as https://node.example.com.", "url");
  const url = new URL(text);
  const bareAddress = /^[\d.]+$|^\[|(^|\.)(localhost|local|internal)$/.test(url.hostname);
  if (url.username || url.password || url.search || url.hash)
    throw new InvalidInputError("url may have no user, query or fragment.", "url");
  if (allowPrivate ? !/^https?:$/.test(url.protocol) : url.protocol !== "https:" || bareAddress) {
    throw new InvalidInputError("url has to be https with a public host name.", "url");
  }
  return url.origin + url.pathname.replace(/\/$/, "");
}

function readPrices(model: OfferedModel, { maxPricePerMillionUsd }: NodeRules) {
  const perToken = (text: string, param: string) => {
    const perMillion = parseUsd(text);
    if (perMillion < 0n || perMillion > parseUsd(maxPricePerMillionUsd)) {
      throw new InvalidInputError(
        `${param} has to be between 0 and ${maxPricePerMillionUsd} dollars per million tokens.`,
        param,
      );
    }
    if (perMillion % TOKENS_PER_PRICE !== 0n) {
      throw new InvalidInputError(`${param} has to be a multiple of 0.001 dollars per million tokens.`, param);
    }
    return nanoUsd(perMillion / TOKENS_PER_PRICE);
  };
  const prompt = perToken(model.promptPerMillion, "promptPerMillion");
  const completion = perToken(model.completionPerMillion, "completionPerMillion");
  const cached = model.cachedPerMillion === undefined ? prompt : perToken(model.cachedPerMillion, "cachedPerMillion");
  return { prompt, cached, completion, reasoning: completion };
}

async function probe(origin: string, models: string[]): Promise<void> {
  let served: string[];
  try {
    const response = await fetch(`${origin}/v1/models`, { signal: AbortSignal.timeout(PROBE_MS), redirect: "error" });
    const body = (await response.json()) as { data: Array<{ id: string }> };
    served = body.data.map(({ id }) => id);
  } catch (cause) {
    throw new NodeProbeError(
      `GET ${origin}/v1/models does not answer with a list of models. Start the node, then register it.`,
      { cause },
    );
  }
  const missing = models.filter((model) => !served.includes(model));
  if (missing.length > 0)
    throw new NodeProbeError(`The node does not serve ${missing.join(", ")}. It serves ${served.join(", ")}.`);
}
