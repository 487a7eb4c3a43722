import { Link } from "@tanstack/react-router";
import { buttonStyles } from "../../components/ui/button.tsx";
import { UsagePage } from "../../features/usage/usage-page.tsx";
import { SignedIn } from "../signed-in.tsx";

export const UsageRoute = () => (
  <SignedIn>
    {() => (
      <UsagePage
        emptyAction={
          <Link to="/playground" className={buttonStyles({ variant: "secondary", size: "sm" })}>
            Open the playground
          </Link>
        }
      />
    )}
  </SignedIn>
);
