import { hearEvent } from "../../api/src/funding/hear-events.ts";
import { signed } from "../../api/src/testing/stripe-cards-server.ts";
import type { CreditWorld } from "./world.ts";

export type News = ReturnType<typeof newsIn>;

/** A card processor whose events come in any order, again, or never. */
export function newsIn({ stripe, cards, one, below }: CreditWorld) {
  let heard = 0;

  const deliver = (event: object): Promise<void> => {
    const { payload, headers } = signed(event);
    return hearEvent(cards, cards.processor.readEvent(Buffer.from(payload), headers["stripe-signature"]));
  };

  /** Any of the processor's events, again, out of order, or never. */
  async function hear(): Promise<void> {
    const fresh = stripe.events.slice(heard);
    heard = stripe.events.length;
    const events = [...fresh.filter(() => below(4) > 0), ...(stripe.events.length > 0 ? [one(stripe.events)] : [])];
    const shuffled = events
      .map((event) => ({ event, place: below(1_000) }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ event }) => event);
    await Promise.all(shuffled.map(deliver));
  }

  /** All that ever was, in its order. */
  async function hearAll(): Promise<void> {
    for (const event of stripe.events) await deliver(event);
  }

  return { hear, hearAll };
}
