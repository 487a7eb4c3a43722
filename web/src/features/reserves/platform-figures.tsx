import { Fact, Facts } from "../../components/facts.tsx";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Reserves } from "../../lib/api.ts";
import { useReserves } from "./use-reserves.ts";

const BOOKS = [
  { name: "Credit of buyers", book: "credit" },
  { name: "Earnings of operators and referrers", book: "earnings" },
  { name: "Open gift codes", book: "vouchers" },
  { name: "Used and not yet settled", book: "usage" },
  { name: "Credit that infr pays for", book: "funded" },
] as const;

/** The platform's own books, compared with the contract: ledger, index, contract and USDC at one block. */
export function PlatformFigures() {
  const reserves = useReserves();
  return (
    <Card aria-labelledby="books">
      <CardHeader
        id="books"
        title="What our books say"
        description="Compared with the contract account by account. A difference is shown here, never put right in silence."
        action={reserves.data && <Agreement reserves={reserves.data} />}
      />
      <div className="px-5 pt-2 pb-4 sm:px-6">
        <QueryView query={reserves} name="books" loading={<Skeleton className="my-4 h-32" />}>
          {({ ledger, block, finishedAt }) => (
            <Facts>
              {BOOKS.map(({ name, book }) => (
                <Fact key={book} name={name}>
                  <Money usd={ledger[book]} digits={6} />
                </Fact>
              ))}
              <Fact name="Compared">
                <TimeAgo iso={finishedAt} /> at block {block}
              </Fact>
            </Facts>
          )}
        </QueryView>
      </div>
    </Card>
  );
}

const Agreement = ({ reserves: { ok, differences } }: { reserves: Reserves }) =>
  ok ? <Badge tone="good">No difference</Badge> : <Badge tone="bad">{differences} differences</Badge>;
