import { Navigate, useParams } from "@tanstack/react-router";
import { useVisit } from "../../features/referrals/use-referrals.ts";

/** Somebody has followed a referrer's link: his browser keeps that, and he goes on to the first page. */
export function InvitedRoute() {
  const { code } = useParams({ from: "/r/$code" });
  const visit = useVisit(code);
  // Whatever becomes of it, nobody waits for it.
  return visit.isPending ? <p role="status">One moment…</p> : <Navigate to="/" replace />;
}
