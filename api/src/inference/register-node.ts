import { nanoUsd, parseUsd } from "@infr/money";
import { type Dispatcher, request as httpRequest } from "undici";
import type { Sql } from "../db/types.ts";
import { InfrError, InvalidInputError } from "../errors.ts";
import { newId } from "../ids.ts";
import { saveOffer } from "../metering/store.ts";
import { readAtMost } from "./call-node.ts";
import { type NodeRow, saveNode } from "./nodes-store.ts";
import { PrivateAddressError } from "./public-address.ts";
import { isRecord } from "./read-fields.ts";

const TOKENS_PER_PRICE = 1_000_000n;
const PROBE_MS = 5_000;
const MAX_PROBE_BYTES = 262_144;
const MAX_LISTED = 20;

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
 * @throws InvalidInputError, NodeProbeError, PrivateAddressError
 */
export async function registerNode(
  { sql, agent, rules }: { sql: Sql; agent: Dispatcher; rules: NodeRules },
  { accountId, name, url, models }: { accountId: string; name: string; url: string; models: OfferedModel[] },
): Promise<NodeRow> {
  const origin = readNodeUrl(url, rules);
  const priced = models.map((model) => ({ model, prices: readPrices(model, rules) }));
  const served = await readServed(agent, origin);
  const missing = models.map((model) => model.id).filter((id) => !served.includes(id));
  if (missing.length > 0) {
    throw new NodeProbeError(`The node does not serve ${listed(missing)}. It serves ${listed(served)}.`);
  }
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
  // An address, a name without a dot or with one at its end, or one that is only known inside a network.
  const internal = /^[\d.]+$|^\[|^[^.]*$|\.$|\.(localhost|local|localdomain|internal|home\.arpa)$/.test(url.hostname);
  if (url.username || url.password || url.search || url.hash)
    throw new InvalidInputError("url may have no user, query or fragment.", "url");
  if (allowPrivate ? !/^https?:$/.test(url.protocol) : url.protocol !== "https:" || internal) {
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

/** What the node says it serves. Its name is looked up by the agent, which refuses private addresses. */
async function readServed(agent: Dispatcher, origin: string): Promise<string[]> {
  try {
    const { statusCode, body } = await httpRequest(`${origin}/v1/models`, {
      dispatcher: agent,
      headers: { accept: "application/json", "accept-encoding": "identity" },
      signal: AbortSignal.timeout(PROBE_MS),
    });
    body.on("error", () => {});
    const answer: unknown = JSON.parse(await readAtMost(body, MAX_PROBE_BYTES));
    if (statusCode !== 200 || !isRecord(answer) || !Array.isArray(answer["data"]))
      throw new Error(`HTTP ${statusCode}`);
    return answer["data"].map((model) => (isRecord(model) ? model["id"] : null)).filter((id) => typeof id === "string");
  } catch (cause) {
    if (cause instanceof PrivateAddressError) throw cause;
    throw new NodeProbeError(
      `GET ${origin}/v1/models does not answer with a list of models. Start the node, then register it.`,
      { cause },
    );
  }
}

function listed(ids: string[]): string {
  const shown = ids.slice(0, MAX_LISTED).map((id) => id.slice(0, 128));
  return ids.length > MAX_LISTED ? `${shown.join(", ")} and ${ids.length - MAX_LISTED} more` : shown.join(", ");
}
