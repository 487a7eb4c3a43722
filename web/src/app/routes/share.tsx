import { Link } from "@tanstack/react-router";
import { Page } from "../../components/page.tsx";
import { buttonStyles } from "../../components/ui/button.tsx";
import { GiftForm } from "../../features/gifts/gift-form.tsx";
import { GiftList } from "../../features/gifts/gift-list.tsx";
import { SignedIn } from "../signed-in.tsx";

export const ShareRoute = () => (
  <SignedIn>
    {(account) => (
      <Page
        key={account.id}
        title="Share"
        description="Wrap paid credit in a code. Whoever has it redeems it, here or at the contract itself."
        action={
          <Link to="/deposit" className={buttonStyles({ variant: "secondary" })}>
            Redeem a code
          </Link>
        }
      >
        <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
          <GiftForm />
          <GiftList />
        </div>
      </Page>
    )}
  </SignedIn>
);
