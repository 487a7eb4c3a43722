import { nanoUsd, parseUsd } from "@infr/money";
import type { Dispatcher } from "undici";
import type { Sql } from "../db/types.ts";
import { InvalidInputError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { PriceRules, VolumeStep } from "../metering/concrete-prices.ts";
import { type Hours, weekOf } from "../metering/percents.ts";
import { saveOffer } from "../metering/store.ts";
import { readNodeUrl } from "../outbound/public-url.ts";
import { type NodeRow, type NodeTerms, removeOffers, saveNode } from "./nodes-store.ts";
import { probeNode } from "./probe-node.ts";
import { type OfferedModel, type OfferedResource, readModel, readResource } from "./read-offers.ts";

export type NodeRules = PriceRules & { allowPrivate: boolean };

/** What registering works with. */
export type Registry = { sql: Sql; agent: Dispatcher; rules: NodeRules };

/** What an operator may say of a node besides what it sells. */
export type OfferedTerms = {
  hardware?: string | null | undefined;
  schedule?: Hours[] | undefined;
  capacity?: number | null | undefined;
  demandPercent?: number | undefined;
  /** Dollars used in a month, and percent of the price from there on. */
  volume?: Array<{ from: string; percent: number }> | undefined;
};

/** What an operator says of a node and what it sells. */
export type OfferedNode = OfferedTerms & {
  accountId: string;
  name: string;
  url: string;
  models: OfferedModel[];
  resources?: OfferedResource[] | undefined;
};

/**
 * Puts a node and what it offers up for sale, once it has shown that it serves its models. Doing it again changes all
 * that is said of it; what was metered keeps its price version.
 * @throws InvalidInputError, NodeProbeError, PrivateAddressError
 */
export async function registerNode(
  { sql, agent, rules }: Registry,
  { accountId, name, url, models, resources = [], ...terms }: OfferedNode,
): Promise<NodeRow> {
  const origin = readNodeUrl(url, rules);
  const offers = [
    ...models.map((model) => readModel(model, rules)),
    ...resources.map((resource) => readResource(resource, rules)),
  ];
  if (offers.length === 0) throw new InvalidInputError("Offer at least one model or resource.", "models");
  const node = readTerms(terms);
  const paths = await probe(agent, { url: origin, models });
  return sql.begin(async (tx) => {
    const row = await saveNode(tx, { nodeId: newId("node"), accountId, name, url: origin, ...node });
    await removeOffers(tx, { nodeId: row.node_id, except: offers });
    for (const offer of offers) {
      await saveOffer(tx, { ...offer, nodeId: row.node_id, path: paths.get(offer.product) ?? null });
    }
    return row;
  });
}

/** A node that sells no models has nothing to be asked. */
export async function probe(
  agent: Dispatcher,
  { url, models }: { url: string; models: Array<{ id: string }> },
): Promise<Map<string, string>> {
  return models.length === 0 ? new Map() : probeNode(agent, { url, models: models.map(({ id }) => id) });
}

/** @throws InvalidInputError */
export function readTerms(terms: OfferedTerms): NodeTerms {
  const { hardware = null, schedule = [], capacity = null, demandPercent = 100, volume = [] } = terms;
  if (schedule.some(({ from, to }) => from >= to)) {
    throw new InvalidInputError(
      "Each range of schedule has to end after it begins; a night is two ranges.",
      "schedule",
    );
  }
  if (demandPercent > 100 && capacity === null) {
    throw new InvalidInputError("demandPercent needs capacity: how many requests the node serves at once.", "capacity");
  }
  return { hardware, schedule: weekOf(schedule), capacity, demandPercent, volume: readVolume(volume) };
}

/** Who uses more never pays more. @throws InvalidInputError */
function readVolume(volume: Array<{ from: string; percent: number }>): VolumeStep[] {
  const steps = volume.map(({ from, percent }) => ({ from: parseUsd(from), percent }));
  let last: VolumeStep = { from: nanoUsd(0n), percent: 100 };
  for (const step of steps) {
    if (step.from <= last.from || step.percent >= last.percent) {
      throw new InvalidInputError(
        "Each step of volume has to begin at more dollars, above zero, and have a lower percent than the one before.",
        "volume",
      );
    }
    last = step;
  }
  return steps;
}
