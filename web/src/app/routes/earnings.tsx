import { Page } from "../../components/page.tsx";
import { EarnedBatches } from "../../features/earnings/earned-batches.tsx";
import { EarningsCard } from "../../features/earnings/earnings-card.tsx";
import { PayoutList } from "../../features/earnings/payout-list.tsx";
import { NodeList } from "../../features/nodes/node-list.tsx";
import { SignedIn } from "../signed-in.tsx";

export const EarningsRoute = () => (
  <SignedIn>
    {(account) => (
      <Page
        key={account.id}
        title="Earnings"
        description="What your nodes serve, what they earn, and how it gets to you."
      >
        <div className="flex flex-col gap-6">
          <EarningsCard />
          <NodeList />
          <PayoutList />
          <EarnedBatches />
        </div>
      </Page>
    )}
  </SignedIn>
);
