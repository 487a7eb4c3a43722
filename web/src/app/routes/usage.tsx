import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { buttonStyles } from "../../components/ui/button.tsx";
import { UsagePage } from "../../features/usage/usage-page.tsx";
import { SignedIn } from "../signed-in.tsx";

export function UsageRoute() {
  const search = useSearch({ from: "/usage" });
  const navigate = useNavigate({ from: "/usage" });
  return (
    <SignedIn>
      {() => (
        <UsagePage
          search={search}
          onSearch={(change) =>
            void navigate({ search: (before) => ({ ...before, ...change }) as typeof before, replace: true })
          }
          emptyAction={
            <Link to="/playground" className={buttonStyles({ variant: "secondary", size: "sm" })}>
              Open the playground
            </Link>
          }
        />
      )}
    </SignedIn>
  );
}
