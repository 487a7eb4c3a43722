import { Link } from "@tanstack/react-router";
import { buttonStyles } from "../../components/ui/button.tsx";
import { PlaygroundPage } from "../../features/playground/playground-page.tsx";
import { SignedIn } from "../signed-in.tsx";

export const PlaygroundRoute = () => (
  <SignedIn>
    {(account) => (
      <PlaygroundPage
        key={account.id}
        addCredit={
          <Link to="/deposit" className={buttonStyles({ variant: "secondary", size: "sm" })}>
            Add credit
          </Link>
        }
      />
    )}
  </SignedIn>
);
