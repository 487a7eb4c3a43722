import { Page } from "../../components/page.tsx";
import { TransferForm } from "../../features/transfer/transfer-form.tsx";
import { TransferList } from "../../features/transfer/transfer-list.tsx";
import { SignedIn } from "../signed-in.tsx";

export const TransferRoute = () => (
  <SignedIn>
    {(account) => (
      <Page
        key={account.id}
        title="Transfer"
        description="Send paid credit to a wallet or an account. Granted credit stays yours."
      >
        <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
          <TransferForm />
          <TransferList />
        </div>
      </Page>
    )}
  </SignedIn>
);
