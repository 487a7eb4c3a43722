import type { ReactNode } from "react";
import { Page } from "../components/page.tsx";
import { EmptyNote, QueryView } from "../components/query-view.tsx";
import { Card } from "../components/ui/card.tsx";
import { Skeleton } from "../components/ui/skeleton.tsx";
import { ConnectButton } from "../features/sign-in/connect-button.tsx";
import type { Account } from "../lib/api.ts";
import { useSession } from "../lib/session.ts";

interface SignedInProps {
  /** What a visitor sees instead; by default the way in. */
  visitor?: ReactNode;
  children: (account: Account) => ReactNode;
}

/** Pages about an account need one. */
export function SignedIn({ visitor = <SignInFirst />, children }: SignedInProps) {
  const session = useSession();
  return (
    <QueryView
      query={session}
      name="account"
      framed
      loading={<Skeleton className="h-64 rounded-xl" />}
      isEmpty={(account) => account === null}
      empty={visitor}
    >
      {(account) => account && children(account)}
    </QueryView>
  );
}

const SignInFirst = () => (
  <Page title="Sign in">
    <SignInCard />
  </Page>
);

/** The same within a page that has more to show. */
export const SignInCard = () => (
  <Card>
    <EmptyNote title="Sign in to see this page" action={<ConnectButton />}>
      With a wallet or by e-mail; it costs nothing and moves nothing.
    </EmptyNote>
  </Card>
);
