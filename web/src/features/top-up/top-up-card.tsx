import { CodeLine } from "../../components/code-line.tsx";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { useAppConfig } from "../../lib/app-config.ts";
import { useTopUpPage } from "./use-top-up.ts";

/** Where to send USDC for somebody else's account. */
export function TopUpCard({ id }: { id: string }) {
  const page = useTopUpPage(id);
  const { chainName } = useAppConfig();
  return (
    <Card aria-labelledby="top-up">
      <QueryView query={page} name="the link" loading={<Skeleton className="m-6 h-32" />}>
        {(data) => (
          <>
            <CardHeader id="top-up" title="Add credit to somebody's account" description={`Of ${data.from}`} />
            <div className="flex flex-col gap-4 p-5 text-sm sm:p-6">
              {data.message && <q className="text-[15px]">{data.message}</q>}
              <p className="text-pretty text-muted">
                Send USDC on {chainName} to this address, from a wallet or an exchange. It becomes credit of that
                account and can't be taken back. Less than <Money usd={data.minimum} /> waits until more comes. Other
                tokens and other networks are lost.
              </p>
              <CodeLine label="Deposit address" text={data.address} />
            </div>
          </>
        )}
      </QueryView>
    </Card>
  );
}
