import { Button } from "../../components/ui/button.tsx";
import { Select } from "../../components/ui/select.tsx";
import type { Cards } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { displayUsd } from "../../lib/format.ts";
import { useSaveCard } from "./use-recharge.ts";

interface CardPartProps {
  cards: Cards;
  cardId: string | null;
  onCard: (id: string) => void;
  /** What is paid when a card is saved; null where what was typed is no amount. */
  amount: string | null;
}

/** Which saved card pays; a card is saved by paying with it once. */
export function CardPart({ cards: { cards, blocked }, cardId, onCard, amount }: CardPartProps) {
  const save = useSaveCard();
  if (blocked)
    return <p className="text-sm text-bad">Payments by card are blocked for this account. Write to support.</p>;
  return (
    <div className="flex flex-col items-start gap-3">
      {cards.length > 0 && (
        <div className="w-full max-w-80">
          <Select
            label="Card"
            value={cardId ?? ""}
            options={cards.map(({ id, brand, last4, expires }) => ({
              value: id,
              label: `${brand} •••• ${last4}, until ${expires}`,
            }))}
            onChange={onCard}
          />
        </div>
      )}
      <Button
        variant="secondary"
        disabled={amount === null}
        pending={save.isPending}
        onClick={() => amount !== null && save.mutate(amount)}
      >
        Pay {amount === null ? "once" : displayUsd(amount)} and save {cards.length > 0 ? "another card" : "the card"}
      </Button>
      {save.error && (
        <p role="alert" className="text-sm text-bad">
          {describeError(save.error)}
        </p>
      )}
    </div>
  );
}
