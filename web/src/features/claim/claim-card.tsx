import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Claim } from "../../lib/api.ts";
import { useSession } from "../../lib/session.ts";
import { useClaim, useHasCome } from "./use-claim.ts";

/** What somebody has sent to an e-mail address, for whoever has the link. `signIn` is shown to visitors. */
export function ClaimCard({ id, signIn }: { id: string; signIn: ReactNode }) {
  const claim = useClaim(id);
  return (
    <Card aria-labelledby="claim">
      <QueryView query={claim} name="what was sent to you" loading={<Skeleton className="m-6 h-32" />}>
        {(data) => (
          <>
            <CardHeader id="claim" title="Credit for AI models" description={`From ${data.from}`} />
            <div className="flex flex-col gap-4 p-5 text-sm sm:p-6">
              <p className="text-4xl font-semibold tracking-tight">
                <Money usd={data.amount} />
              </p>
              {data.message && <q className="text-[15px]">{data.message}</q>}
              <State claim={data} signIn={signIn} />
            </div>
          </>
        )}
      </QueryView>
    </Card>
  );
}

function State({ claim, signIn }: { claim: Claim; signIn: ReactNode }) {
  const { data: account } = useSession();
  if (claim.state === "over")
    return (
      <p>It was not claimed in time, or was called back: it is the sender's again. Ask for it to be sent again.</p>
    );
  if (account) return <ForAccount claim={claim} />;
  if (claim.state === "claimed") return <p>Somebody has claimed it. If it was you, sign in to see it.</p>;
  return (
    <>
      <p className="text-pretty text-muted">
        Sign in by the e-mail address that it was sent to, and it is yours. Until{" "}
        {new Date(claim.until).toLocaleDateString()}; then it goes back.
      </p>
      {signIn}
    </>
  );
}

function ForAccount({ claim }: { claim: Claim }) {
  const mine = useHasCome(claim.id, claim.state);
  if (claim.state === "claimed" && mine.data === true)
    return (
      <p role="status" className="text-good">
        It is yours to spend.{" "}
        <Link to="/" className="text-ink underline underline-offset-4">
          Go on
        </Link>
      </p>
    );
  if (claim.state === "claimed" && mine.data === false) return <p>It went to another account.</p>;
  if (claim.state === "pending") return <p role="status">It is on its way.</p>;
  return (
    <p className="text-pretty text-muted">
      It comes by itself as soon as you are signed in by the address that it was sent to. If that is another one than
      yours here, link it in your{" "}
      <Link to="/settings" className="text-ink underline underline-offset-4">
        settings
      </Link>
      .
    </p>
  );
}
