import {
  Boxes,
  ChartNoAxesColumn,
  CirclePlus,
  FileText,
  Gauge,
  Gift,
  KeyRound,
  MessageSquare,
  Send,
  ServerCog,
  Settings,
  ShieldCheck,
  Users,
  UsersRound,
} from "lucide-react";

/** Every page, in the order in which people come to need them. */
export const PAGES = [
  { to: "/", label: "Overview", icon: Gauge },
  { to: "/deposit", label: "Deposit", icon: CirclePlus },
  { to: "/keys", label: "API keys", icon: KeyRound },
  { to: "/usage", label: "Usage", icon: ChartNoAxesColumn },
  { to: "/playground", label: "Playground", icon: MessageSquare },
  { to: "/transfer", label: "Transfer", icon: Send },
  { to: "/share", label: "Share", icon: Gift },
  { to: "/team", label: "Team", icon: Users },
  { to: "/referrals", label: "Referrals", icon: UsersRound },
  { to: "/models", label: "Models", icon: Boxes },
  { to: "/earnings", label: "Earnings", icon: ServerCog },
  { to: "/statements", label: "Statements", icon: FileText },
  { to: "/reserves", label: "Reserves", icon: ShieldCheck },
  { to: "/settings", label: "Settings", icon: Settings },
] as const;

/** How many of them stand in a phone's bottom bar; the others are behind "More". */
export const WITHIN_REACH = 4;
