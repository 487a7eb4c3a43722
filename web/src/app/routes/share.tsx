import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Page } from "../../components/page.tsx";
import { buttonStyles } from "../../components/ui/button.tsx";
import { GiftForm } from "../../features/gifts/gift-form.tsx";
import { GiftList } from "../../features/gifts/gift-list.tsx";
import { Comparison } from "../../features/share/comparison.tsx";
import { SignedIn, SignInCard } from "../signed-in.tsx";

/** The comparison is for everybody; whoever is signed in gives below it. */
export function ShareRoute() {
  const { category } = useSearch({ from: "/share" });
  const navigate = useNavigate({ from: "/share" });
  return (
    <Page
      title="Share"
      description="Wrap paid credit in a code. Whoever has it redeems it, here or at the contract itself."
      action={
        <Link to="/deposit" className={buttonStyles({ variant: "secondary" })}>
          Redeem a code
        </Link>
      }
    >
      <div className="flex flex-col gap-6">
        <Comparison
          category={category}
          onCategory={(next) =>
            void navigate({ search: next === undefined ? {} : { category: next }, replace: true, resetScroll: false })
          }
        />
        <SignedIn visitor={<SignInCard />}>
          {(account) => (
            <div key={account.id} className="grid items-start gap-6 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
              <GiftForm />
              <GiftList />
            </div>
          )}
        </SignedIn>
      </div>
    </Page>
  );
}
