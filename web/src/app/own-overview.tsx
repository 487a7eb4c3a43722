import { Link } from "@tanstack/react-router";
import { Page } from "../components/page.tsx";
import { buttonStyles } from "../components/ui/button.tsx";
import { BalanceCard } from "../features/balance/balance-card.tsx";
import { Quickstart } from "../features/keys/quickstart.tsx";
import { RecentRequests } from "../features/usage/recent-requests.tsx";
import { useModels } from "../lib/models.ts";

/** Of somebody who is signed in: code that a visitor does not need. */
export const OwnOverview = () => (
  <Page title="Overview">
    <div className="flex flex-col gap-6">
      <BalanceCard
        action={
          <Link to="/deposit" className={buttonStyles()}>
            Add credit
          </Link>
        }
      />
      <FirstModelQuickstart offersKey />
      <RecentRequests
        all={
          <Link to="/usage" className={buttonStyles({ variant: "ghost", size: "sm", className: "-my-1.5" })}>
            All requests
          </Link>
        }
        emptyAction={
          <Link to="/playground" className={buttonStyles({ variant: "secondary", size: "sm" })}>
            Open the playground
          </Link>
        }
      />
    </div>
  </Page>
);

/** The command is meant to work when pasted, so it names a model that is for sale. */
export function FirstModelQuickstart({ offersKey }: { offersKey?: boolean }) {
  const models = useModels();
  return <Quickstart model={models.data?.[0]?.id ?? "MODEL"} offersKey={offersKey} />;
}
