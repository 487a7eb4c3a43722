import {
  Bell,
  Boxes,
  ChartNoAxesColumn,
  CirclePlus,
  FileText,
  Gauge,
  Gift,
  KeyRound,
  Landmark,
  MessageSquare,
  Send,
  ServerCog,
  Settings,
  ShieldCheck,
  Users,
  UsersRound,
} from "lucide-react";
import { useIsAdmin, useSession } from "../lib/session.ts";

/** Every page, in the order in which people come to need them. */
const PAGES = [
  { to: "/", label: "Overview", icon: Gauge },
  { to: "/deposit", label: "Deposit", icon: CirclePlus },
  { to: "/keys", label: "API keys", icon: KeyRound },
  { to: "/usage", label: "Usage", icon: ChartNoAxesColumn },
  { to: "/playground", label: "Playground", icon: MessageSquare },
  { to: "/transfer", label: "Transfer", icon: Send },
  { to: "/share", label: "Share", icon: Gift },
  { to: "/team", label: "Team", icon: Users },
  { to: "/referrals", label: "Referrals", icon: UsersRound, concerns: "account" },
  { to: "/models", label: "Models", icon: Boxes },
  { to: "/earnings", label: "Earnings", icon: ServerCog },
  { to: "/statements", label: "Statements", icon: FileText },
  { to: "/reserves", label: "Reserves", icon: ShieldCheck },
  { to: "/notifications", label: "Notifications", icon: Bell, concerns: "account" },
  { to: "/settings", label: "Settings", icon: Settings },
  { to: "/admin", label: "Admin", icon: Landmark, concerns: "admin" },
] as const;

/** The pages that concern whoever is here. */
export function usePages() {
  const { data: account } = useSession();
  const isAdmin = useIsAdmin();
  const shown = { account: Boolean(account), admin: isAdmin === true };
  return PAGES.filter((page) => !("concerns" in page) || shown[page.concerns]);
}

/** How many of them stand in a phone's bottom bar; the others are behind "More". */
export const WITHIN_REACH = 4;
