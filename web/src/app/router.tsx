import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { readSearch } from "../features/usage/usage-search.ts";
import { CATEGORIES, type Category } from "../lib/sharing-categories.ts";
import { Layout } from "./layout.tsx";
import { NotFound, PageError } from "./page-states.tsx";

const root = createRootRoute({ component: Layout, notFoundComponent: NotFound, errorComponent: PageError });

/** Which systems are compared: of one category, or all. */
const readCategory = ({ category }: Record<string, unknown>): { category?: Category } =>
  typeof category === "string" && category in CATEGORIES ? { category: category as Category } : {};

/** Each page is a chunk of its own. */
const overview = createRoute({
  getParentRoute: () => root,
  path: "/",
  staticData: { walletless: true },
  component: lazyRouteComponent(() => import("./routes/overview.tsx"), "Overview"),
});
const deposit = createRoute({
  getParentRoute: () => root,
  path: "/deposit",
  component: lazyRouteComponent(() => import("./routes/deposit.tsx"), "DepositRoute"),
});
const keys = createRoute({
  getParentRoute: () => root,
  path: "/keys",
  staticData: { walletless: true },
  component: lazyRouteComponent(() => import("./routes/keys.tsx"), "KeysRoute"),
});
const usage = createRoute({
  getParentRoute: () => root,
  path: "/usage",
  validateSearch: readSearch,
  staticData: { walletless: true },
  component: lazyRouteComponent(() => import("./routes/usage.tsx"), "UsageRoute"),
});
const playground = createRoute({
  getParentRoute: () => root,
  path: "/playground",
  staticData: { walletless: true },
  component: lazyRouteComponent(() => import("./routes/playground.tsx"), "PlaygroundRoute"),
});
const models = createRoute({
  getParentRoute: () => root,
  path: "/models",
  staticData: { walletless: true },
  component: lazyRouteComponent(() => import("./routes/models.tsx"), "ModelsRoute"),
});
const earnings = createRoute({
  getParentRoute: () => root,
  path: "/earnings",
  staticData: { walletless: true },
  component: lazyRouteComponent(() => import("./routes/earnings.tsx"), "EarningsRoute"),
});
const statements = createRoute({
  getParentRoute: () => root,
  path: "/statements",
  staticData: { walletless: true },
  component: lazyRouteComponent(() => import("./routes/statements.tsx"), "StatementsRoute"),
});
const reserves = createRoute({
  getParentRoute: () => root,
  path: "/reserves",
  component: lazyRouteComponent(() => import("./routes/reserves.tsx"), "ReservesRoute"),
});
const transfer = createRoute({
  getParentRoute: () => root,
  path: "/transfer",
  component: lazyRouteComponent(() => import("./routes/transfer.tsx"), "TransferRoute"),
});
const team = createRoute({
  getParentRoute: () => root,
  path: "/team",
  component: lazyRouteComponent(() => import("./routes/team.tsx"), "TeamRoute"),
});
const join = createRoute({
  getParentRoute: () => root,
  path: "/join/$token",
  component: lazyRouteComponent(() => import("./routes/join.tsx"), "JoinRoute"),
});
const share = createRoute({
  getParentRoute: () => root,
  path: "/share",
  validateSearch: readCategory,
  component: lazyRouteComponent(() => import("./routes/share.tsx"), "ShareRoute"),
});
const referrals = createRoute({
  getParentRoute: () => root,
  path: "/referrals",
  component: lazyRouteComponent(() => import("./routes/referrals.tsx"), "ReferralsRoute"),
});
const notifications = createRoute({
  getParentRoute: () => root,
  path: "/notifications",
  component: lazyRouteComponent(() => import("./routes/notifications.tsx"), "NotificationsRoute"),
});
const admin = createRoute({
  getParentRoute: () => root,
  path: "/admin",
  component: lazyRouteComponent(() => import("./routes/admin.tsx"), "AdminRoute"),
});
const invited = createRoute({
  getParentRoute: () => root,
  path: "/r/$code",
  component: lazyRouteComponent(() => import("./routes/invited.tsx"), "InvitedRoute"),
});
const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  staticData: { walletless: true },
  component: lazyRouteComponent(() => import("./routes/settings.tsx"), "SettingsRoute"),
});

const claim = createRoute({
  getParentRoute: () => root,
  path: "/claim/$id",
  staticData: { walletless: true },
  component: lazyRouteComponent(() => import("./routes/claim.tsx"), "ClaimRoute"),
});

const pay = createRoute({
  getParentRoute: () => root,
  path: "/pay/$id",
  component: lazyRouteComponent(() => import("./routes/pay.tsx"), "PayRoute"),
});

const topUp = createRoute({
  getParentRoute: () => root,
  path: "/top-up/$id",
  staticData: { walletless: true },
  component: lazyRouteComponent(() => import("./routes/top-up.tsx"), "TopUpRoute"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    deposit,
    keys,
    usage,
    playground,
    models,
    earnings,
    statements,
    reserves,
    transfer,
    share,
    referrals,
    invited,
    team,
    join,
    notifications,
    admin,
    claim,
    pay,
    topUp,
    settings,
  ]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
  interface StaticDataRouteOption {
    /** Nothing on the page itself uses wagmi's hooks: it does not wait for the wallet code. */
    walletless?: boolean;
  }
}
