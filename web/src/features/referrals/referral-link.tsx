import { CodeLine } from "../../components/code-line.tsx";
import { Fact, Facts } from "../../components/facts.tsx";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { displayCount } from "../../lib/format.ts";
import { useReferrals } from "./use-referrals.ts";

/** The link, and what has come of it so far. */
export function ReferralLink() {
  const referrals = useReferrals();
  return (
    <Card aria-labelledby="link">
      <CardHeader
        id="link"
        title="Your link"
        description={
          referrals.data &&
          `Whoever signs up within ${referrals.data.days} days of following it was brought by you, for good. The first link counts, and never your own account.`
        }
      />
      <div className="flex flex-col gap-3 px-5 pt-4 pb-4 sm:px-6">
        <QueryView query={referrals} name="referrals" loading={<Skeleton className="h-40" />}>
          {(data) => (
            <>
              <CodeLine label="Link" text={data.link} />
              <Facts>
                <Fact name="People" hint="who signed up through it">
                  <span className="tabular-nums">{displayCount(data.count)}</span>
                </Fact>
                <Fact name="They have paid" hint="in settled batches">
                  <Money usd={data.gross} />
                </Fact>
                <Fact name="On its way" hint="used, and not settled yet">
                  <Money usd={data.unsettled} />
                </Fact>
                {data.waiting !== "0" && (
                  <Fact name="Waiting" hint="paid; a later batch counts it for you">
                    <Money usd={data.waiting} />
                  </Fact>
                )}
                <Fact name="You have earned" hint="1 % of it, with your other earnings">
                  <Money usd={data.earned} />
                </Fact>
                <Fact name="Paid out" hint="in proportion to all your earnings">
                  <Money usd={data.paid} />
                </Fact>
              </Facts>
            </>
          )}
        </QueryView>
      </div>
    </Card>
  );
}
