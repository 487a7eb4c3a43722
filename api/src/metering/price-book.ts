import { type NanoUsd, nanoUsd } from "@infr/money";
import { type ConcretePrices, priceVersionOf } from "@infr/protocol";
import type { Sql } from "../db/types.ts";
import { InfrError, NotFoundError } from "../errors.ts";
import type { ChangeListener } from "../live/change-listener.ts";
import { concretePrices, type PriceRules, readPriceRules, type VolumeStep } from "./concrete-prices.ts";
import type { Discounted, Offer, ResourceOffer } from "./offer.ts";
import { loadOffers, type StoredOffer, savePrices } from "./store.ts";
import { atVolume, Volumes } from "./volumes.ts";

/** No enabled node sells this model: without a price nothing is served. */
export class UnknownModelError extends InfrError {
  readonly code = "model_not_found";
  readonly status = 404;
  override readonly param = "model";

  constructor({ model, known }: { model: string; known: string[] }) {
    const list = known.length === 0 ? "No node is online yet." : `Available models: ${known.join(", ")}.`;
    super(`The model ${JSON.stringify(model.slice(0, 128))} does not exist. ${list}`);
  }
}

const FRESH_MS = 1_000;
/** Versions that are known to be written down; beyond this many they are written once more. */
const MAX_SAVED = 100_000;

/** What a price book works with. */
export type PriceBookParts = {
  sql: Sql;
  rules: PriceRules;
  now: () => Date;
  /** Requests that a node is serving right now. */
  loadOf: (nodeId: string) => number;
};

type Book = { models: Map<string, Offer[]>; resources: Map<string, ResourceOffer> };

/**
 * What is for sale at which concrete price, worked out once a second: requests read memory, and a changed price (also by
 * the hour, or by demand) is in force a second later. Each set of prices is a row in the database before anybody is
 * offered it, so whatever is billed can be priced again from its version.
 */
export class PriceBook {
  readonly #parts: PriceBookParts;
  readonly #volumes: Volumes;
  readonly #saved = new Set<string>();
  #book: Promise<Book> | null = null;
  #loadedAt = 0;

  constructor(parts: PriceBookParts) {
    this.#parts = parts;
    this.#volumes = new Volumes(parts);
  }

  /** Offers for a model, never empty, at the price of those who are new. @throws UnknownModelError naming the models there are */
  async offersOf(model: string): Promise<Offer[]> {
    const { models } = await this.#fresh();
    const found = models.get(model);
    if (!found) throw new UnknownModelError({ model, known: [...models.keys()] });
    return found;
  }

  /** All offers of models, by model. */
  async all(): Promise<Map<string, Offer[]>> {
    return (await this.#fresh()).models;
  }

  /**
   * A resource that a node sells, or sold when it was disabled: jobs that were under way are billed to their end.
   * @throws NotFoundError where it has no price
   */
  async resourceOf({ nodeId, resource }: { nodeId: string; resource: string }): Promise<ResourceOffer> {
    const key = resourceKey(nodeId, resource);
    const found = (await this.#fresh()).resources.get(key) ?? (await this.#load(nodeId)).resources.get(key);
    if (!found) throw new NotFoundError(`resource with a price on node ${nodeId.slice(0, 64)}`);
    return found;
  }

  /** The same offers at a buyer's prices: those of the volume that he has used of each operator's nodes this month. */
  async forBuyer<T extends Discounted>(offers: T[], accountId: string): Promise<T[]> {
    if (offers.every(({ volume }) => volume.length === 0)) return offers;
    const used = await this.#volumes.of(accountId);
    return offers.map((offer) => atVolume(offer, used.get(offer.operatorId) ?? 0n));
  }

  /** Somebody has changed what is for sale: whoever asks next is told of it, not within a second. */
  forget(): void {
    this.#book = null;
  }

  #fresh(): Promise<Book> {
    if (this.#book === null || performance.now() - this.#loadedAt > FRESH_MS) {
      this.#loadedAt = performance.now();
      const book = this.#load();
      this.#book = book;
      book.catch(() => {
        if (this.#book === book) this.#book = null;
      });
    }
    return this.#book;
  }

  /** Of all enabled nodes, or of one, enabled or not. */
  async #load(nodeId: string | null = null): Promise<Book> {
    const { sql, rules, now, loadOf } = this.#parts;
    const at = now();
    const priced = (await loadOffers(sql, nodeId)).flatMap((offer) => {
      const moment = { at, load: loadOf(offer.nodeId) };
      const sets = [NO_VOLUME, ...offer.volume].flatMap(({ from, percent }) => {
        const prices = concretePrices(offer, rules, moment, percent);
        return prices === null ? [] : [{ from, prices, version: priceVersionOf(prices) }];
      });
      const [first, ...volume] = sets;
      return first ? [{ offer, ...first, volume }] : [];
    });
    await this.#save(priced.flatMap(({ volume, ...first }) => [first, ...volume]));
    return bookOf(priced);
  }

  async #save(priced: PriceSet[]): Promise<void> {
    const fresh = priced.filter(({ version }) => !this.#saved.has(version));
    if (fresh.length === 0) return;
    await savePrices(this.#parts.sql, fresh);
    if (this.#saved.size > MAX_SAVED) this.#saved.clear();
    for (const { version } of fresh) this.#saved.add(version);
  }
}

/** What everybody pays. */
const NO_VOLUME: VolumeStep = { from: nanoUsd(0n), percent: 100 };

/** Prices from a volume on. */
type PriceSet = { from: NanoUsd; prices: ConcretePrices; version: string };
type Priced = PriceSet & { offer: StoredOffer; volume: PriceSet[] };

const resourceKey = (nodeId: string, resource: string): string => `${nodeId} ${resource}`;

function bookOf(priced: Priced[]): Book {
  const models = priced.flatMap((entry) => modelOffer(entry) ?? []);
  const resources = priced.flatMap(({ offer, prices, version, volume }) => {
    const { nodeId, operatorId, product: resource, unit } = offer;
    if (offer.kind !== "resource") return [];
    const sold: ResourceOffer = {
      nodeId,
      operatorId,
      resource,
      unit,
      perUnit: prices.perUnit,
      priceVersion: version,
      volume: volume.map((set) => ({ from: set.from, perUnit: set.prices.perUnit, priceVersion: set.version })),
    };
    return [[resourceKey(nodeId, resource), sold] as const];
  });
  return { models: Map.groupBy(models, ({ model }) => model), resources: new Map(resources) };
}

const tokenPrices = ({ prompt, cached, completion, reasoning }: ConcretePrices) => ({
  prompt,
  cached,
  completion,
  reasoning,
});

function modelOffer({ offer, prices, version, volume }: Priced): Offer | null {
  const { nodeId, nodeName, url, operatorId, supportedParameters, contextTokens, maxCompletionTokens } = offer;
  if (contextTokens === null || maxCompletionTokens === null) return null;
  return {
    nodeId,
    nodeName,
    url,
    operatorId,
    isLive: offer.isLive,
    canaryMs: offer.canaryMs,
    model: offer.product,
    priceVersion: version,
    contextTokens,
    maxCompletionTokens,
    supportedParameters,
    createdAt: offer.createdAt,
    prices: tokenPrices(prices),
    volume: volume.map((set) => ({ from: set.from, prices: tokenPrices(set.prices), priceVersion: set.version })),
  };
}

type Opening = Pick<PriceBookParts, "sql" | "loadOf"> & {
  config: Parameters<typeof readPriceRules>[0];
  changes: Pick<ChangeListener, "listen">;
};

/** A process's price book, by the clock and the environment's rules. */
export function openPriceBook({ sql, loadOf, config, changes }: Opening): PriceBook {
  const book = new PriceBook({ sql, loadOf, rules: readPriceRules(config), now: () => new Date() });
  changes.listen("price book", (topic) => {
    if (topic === "models" || topic === "*") book.forget();
  });
  return book;
}
