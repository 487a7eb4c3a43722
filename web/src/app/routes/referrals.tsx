import { Page } from "../../components/page.tsx";
import { ReferralLink } from "../../features/referrals/referral-link.tsx";
import { ReferredPeople } from "../../features/referrals/referred-people.tsx";
import { SignedIn } from "../signed-in.tsx";

export const ReferralsRoute = () => (
  <SignedIn>
    {(account) => (
      <Page
        key={account.id}
        title="Referrals"
        description="You earn 1 % of what people pay who came through your link, out of our share, in the same batch."
      >
        <div className="flex flex-col gap-6">
          <ReferralLink />
          <ReferredPeople />
        </div>
      </Page>
    )}
  </SignedIn>
);
