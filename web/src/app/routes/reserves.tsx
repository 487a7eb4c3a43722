import { OwnShare } from "../../features/reserves/own-share.tsx";
import { ReservesPage } from "../../features/reserves/reserves-page.tsx";
import { useSession } from "../../lib/session.ts";

/** For everybody; who is signed in can look for himself in it. */
export function ReservesRoute() {
  const { data: account } = useSession();
  return <ReservesPage ownShare={account && <OwnShare />} />;
}
