import { formatUsd } from "@infr/money";
import { NotFoundError } from "../errors.ts";
import { rangesOf } from "../metering/percents.ts";
import { loadOffers, saveOffer, volumeOf } from "../metering/store.ts";
import { type NodeRow, nodeOf, removeOffers, saveTerms } from "./nodes-store.ts";
import { type OfferedModel, type OfferedResource, readModel, readResource } from "./read-offers.ts";
import { type OfferedTerms, probe, type Registry, readTerms } from "./register-node.ts";

/** What changes of a node; what is left out stays. A list of models or resources replaces the one before. */
export type NodeChange = OfferedTerms & {
  name?: string | undefined;
  enabled?: boolean | undefined;
  models?: OfferedModel[] | undefined;
  resources?: OfferedResource[] | undefined;
};

/**
 * Changes an operator's own node. It is probed again where that could have become untrue what it was registered with:
 * when it sells other models, and when it comes back. Requests under way keep the price they were held for.
 * @throws NotFoundError, InvalidInputError, NodeProbeError, PrivateAddressError
 */
export async function changeNode(
  { sql, agent, rules }: Registry,
  { nodeId, accountId, change }: { nodeId: string; accountId: string; change: NodeChange },
): Promise<NodeRow> {
  const node = await nodeOf(sql, { nodeId, accountId });
  if (!node) throw new NotFoundError("node");
  const enabled = change.enabled ?? node.enabled;
  const terms = readTerms({ ...termsOf(node), ...given(change) });
  const models = change.models?.map((model) => readModel(model, rules));
  const resources = change.resources?.map((resource) => readResource(resource, rules));
  const sold = (await loadOffers(sql, nodeId)).filter(({ kind }) => kind === "model").map(({ product }) => product);
  const willSell = models?.map(({ product }) => product) ?? sold;
  const isNews = (enabled && !node.enabled) || willSell.some((product) => !sold.includes(product));
  const paths = isNews ? await probe(agent, { url: node.url, models: willSell.map((id) => ({ id })) }) : new Map();
  return sql.begin(async (tx) => {
    const row = await saveTerms(tx, { ...terms, nodeId, name: change.name ?? node.name, enabled, isProbed: isNews });
    if (models) await removeOffers(tx, { nodeId, kind: "model", except: models });
    if (resources) await removeOffers(tx, { nodeId, kind: "resource", except: resources });
    for (const offer of [...(models ?? []), ...(resources ?? [])]) {
      await saveOffer(tx, { ...offer, nodeId, path: paths.get(offer.product) ?? null });
    }
    return row;
  });
}

const termsOf = (node: NodeRow): OfferedTerms => ({
  hardware: node.hardware,
  schedule: rangesOf(node.schedule),
  capacity: node.capacity,
  demandPercent: node.demand_percent,
  volume: volumeOf(node).map(({ from, percent }) => ({ from: formatUsd(from), percent })),
});

/** The terms that are named, so that what is left out does not overwrite. */
const given = ({ hardware, schedule, capacity, demandPercent, volume }: NodeChange): OfferedTerms =>
  Object.fromEntries(
    Object.entries({ hardware, schedule, capacity, demandPercent, volume }).filter(([, value]) => value !== undefined),
  );
