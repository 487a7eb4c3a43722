import { Page } from "../../components/page.tsx";
import { RequestsCard } from "../../features/requests/requests-card.tsx";
import { TopUpLinks } from "../../features/top-up/top-up-links.tsx";
import { StandingCard } from "../../features/transfer/standing-card.tsx";
import { TransferForm } from "../../features/transfer/transfer-form.tsx";
import { TransferList } from "../../features/transfer/transfer-list.tsx";
import { SignedIn } from "../signed-in.tsx";

export const TransferRoute = () => (
  <SignedIn>
    {(account) => (
      <Page
        key={account.id}
        title="Transfer"
        description="Send paid credit to a wallet, an e-mail address or an account. Granted credit stays yours."
      >
        <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
          <TransferForm />
          <TransferList />
        </div>
        <div className="mt-6 grid items-start gap-6 lg:grid-cols-2">
          <RequestsCard />
          <StandingCard />
          <TopUpLinks />
        </div>
      </Page>
    )}
  </SignedIn>
);
