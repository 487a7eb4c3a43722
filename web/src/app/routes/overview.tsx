import { lazy, Suspense } from "react";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { SignedIn } from "../signed-in.tsx";
import { Welcome } from "../welcome.tsx";

const OwnOverview = lazy(async () => ({ default: (await import("../own-overview.tsx")).OwnOverview }));

export const Overview = () => (
  <SignedIn visitor={<Welcome />}>
    {() => (
      <Suspense fallback={<Skeleton className="h-64 rounded-xl" />}>
        <OwnOverview />
      </Suspense>
    )}
  </SignedIn>
);
