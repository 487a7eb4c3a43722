import type { Sql } from "../db/types.ts";
import { InfrError } from "../errors.ts";
import type { Offer } from "./offer.ts";
import { loadOffers } from "./store.ts";

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

/** What is for sale, cached for a second: requests read memory, and a changed price is in force a second later. */
export class PriceBook {
  readonly #sql: Sql;
  #offers: Promise<Map<string, Offer[]>> | null = null;
  #loadedAt = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Offers for a model, never empty. @throws UnknownModelError naming the models there are */
  async offersOf(model: string): Promise<Offer[]> {
    const offers = await this.#fresh();
    const found = offers.get(model);
    if (!found) throw new UnknownModelError({ model, known: [...offers.keys()] });
    return found;
  }

  /** All offers, by model. */
  all(): Promise<Map<string, Offer[]>> {
    return this.#fresh();
  }

  #fresh(): Promise<Map<string, Offer[]>> {
    if (this.#offers === null || performance.now() - this.#loadedAt > FRESH_MS) {
      this.#loadedAt = performance.now();
      this.#offers = loadOffers(this.#sql).then((offers) => Map.groupBy(offers, (offer) => offer.model));
      this.#offers.catch(() => {
        this.#offers = null;
      });
    }
    return this.#offers;
  }
}
