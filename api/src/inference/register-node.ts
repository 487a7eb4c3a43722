import { type Dispatcher, request as httpRequest } from "undici";
import type { Sql } from "../db/types.ts";
import { InfrError, InvalidInputError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { PriceRules } from "../metering/concrete-prices.ts";
import { type Hours, weekOf } from "../metering/percents.ts";
import { saveOffer } from "../metering/store.ts";
import { readAtMost } from "./call-node.ts";
import { readNodeUrl } from "./node-url.ts";
import { type NodeRow, saveNode } from "./nodes-store.ts";
import { PrivateAddressError } from "./public-address.ts";
import { isRecord } from "./read-fields.ts";
import { type OfferedModel, type OfferedResource, readModel, readResource } from "./read-offers.ts";

const PROBE_MS = 5_000;
const MAX_PROBE_BYTES = 262_144;
const MAX_LISTED = 20;

/** The node at this URL does not answer, or does not serve what is offered. */
export class NodeProbeError extends InfrError {
  readonly code = "node_probe_failed";
  readonly status = 422;
  override readonly param = "url";
}

export type NodeRules = PriceRules & { allowPrivate: boolean };

/** What an operator says of a node and what it sells. */
export type OfferedNode = {
  accountId: string;
  name: string;
  url: string;
  models: OfferedModel[];
  resources?: OfferedResource[] | undefined;
  hardware?: string | undefined;
  schedule?: Hours[] | undefined;
  capacity?: number | undefined;
  demandPercent?: number | undefined;
};

/**
 * Puts a node and its models up for sale, once the node has shown that it serves them. Doing it again changes name and
 * prices; what was metered keeps its price version.
 * @throws InvalidInputError, NodeProbeError, PrivateAddressError
 */
export async function registerNode(
  { sql, agent, rules }: { sql: Sql; agent: Dispatcher; rules: NodeRules },
  { accountId, name, url, models, resources = [], ...terms }: OfferedNode,
): Promise<NodeRow> {
  const origin = readNodeUrl(url, rules);
  const offers = [
    ...models.map((model) => readModel(model, rules)),
    ...resources.map((resource) => readResource(resource, rules)),
  ];
  checkTerms({ offers: offers.length, ...terms });
  const served = models.length === 0 ? [] : await readServed(agent, origin);
  const missing = models.map((model) => model.id).filter((id) => !served.includes(id));
  if (missing.length > 0) {
    throw new NodeProbeError(`The node does not serve ${listed(missing)}. It serves ${listed(served)}.`);
  }
  return sql.begin(async (tx) => {
    const node = await saveNode(tx, {
      nodeId: newId("node"),
      accountId,
      name,
      url: origin,
      hardware: terms.hardware ?? null,
      schedule: weekOf(terms.schedule ?? []),
      capacity: terms.capacity ?? null,
      demandPercent: terms.demandPercent ?? 100,
    });
    for (const offer of offers) await saveOffer(tx, { ...offer, nodeId: node.node_id });
    return node;
  });
}

function checkTerms({
  offers,
  schedule = [],
  capacity,
  demandPercent = 100,
}: { offers: number } & Pick<OfferedNode, "schedule" | "capacity" | "demandPercent">): void {
  if (offers === 0) throw new InvalidInputError("Offer at least one model or resource.", "models");
  if (schedule.some(({ from, to }) => from >= to)) {
    throw new InvalidInputError(
      "Each range of schedule has to end after it begins; a night is two ranges.",
      "schedule",
    );
  }
  if (demandPercent > 100 && capacity === undefined) {
    throw new InvalidInputError("demandPercent needs capacity: how many requests the node serves at once.", "capacity");
  }
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
