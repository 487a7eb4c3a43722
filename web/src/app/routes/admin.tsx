import { Page } from "../../components/page.tsx";
import { EmptyNote } from "../../components/query-view.tsx";
import { Card } from "../../components/ui/card.tsx";
import { AccountsCard } from "../../features/admin/accounts-card.tsx";
import { AdjustmentsCard } from "../../features/admin/adjustments-card.tsx";
import { LogCard } from "../../features/admin/log-card.tsx";
import { OperatorsCard } from "../../features/admin/operators-card.tsx";
import { BatchesCard, OverviewCard } from "../../features/admin/overview-card.tsx";
import { useIsAdmin } from "../../lib/session.ts";
import { SignedIn } from "../signed-in.tsx";

export const AdminRoute = () => <SignedIn>{(account) => <AdminPage key={account.id} />}</SignedIn>;

function AdminPage() {
  const isAdmin = useIsAdmin();
  if (isAdmin === false)
    return (
      <Card>
        <EmptyNote title="For administrators">Sign in with one of the platform's wallets to see this page.</EmptyNote>
      </Card>
    );
  return (
    <Page title="Admin" description="What needs an eye, and what takes two people. Everything done here is in the log.">
      <div className="flex flex-col gap-6">
        <div className="grid items-start gap-6 lg:grid-cols-2">
          <OverviewCard />
          <BatchesCard />
        </div>
        <AdjustmentsCard />
        <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
          <AccountsCard />
          <OperatorsCard />
        </div>
        <LogCard />
      </div>
    </Page>
  );
}
