import { Button } from "../../components/ui/button.tsx";
import type { Cards } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { useForgetCard } from "./use-cards.ts";

/** Cards that the processor keeps for the account. */
export function SavedCards({ cards }: { cards: Cards["cards"] }) {
  const forget = useForgetCard();
  if (cards.length === 0) return null;
  return (
    <section aria-labelledby="saved-cards">
      <h3 id="saved-cards" className="text-sm font-medium">
        Saved cards
      </h3>
      <ul className="mt-1 divide-y text-sm">
        {cards.map(({ id, brand, last4, expires }) => (
          <li key={id} className="flex items-center justify-between gap-4 py-2">
            <span>
              {brand} •••• {last4} <span className="text-muted">until {expires}</span>
            </span>
            <Button
              variant="ghost"
              size="sm"
              aria-label={`Forget the card ending in ${last4}`}
              pending={forget.isPending && forget.variables === id}
              onClick={() => forget.mutate(id)}
            >
              Forget
            </Button>
          </li>
        ))}
      </ul>
      <p className="text-[13px] text-muted">With a card that it uses, automatic recharge ends too.</p>
      {forget.error && (
        <p role="alert" className="text-sm text-bad">
          {describeError(forget.error)}
        </p>
      )}
    </section>
  );
}
