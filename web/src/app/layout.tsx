import { Link, Outlet, useMatches } from "@tanstack/react-router";
import { lazy } from "react";
import { Brand } from "../components/brand.tsx";
import { Skeleton } from "../components/ui/skeleton.tsx";
import { WithWallet } from "../components/with-wallet.tsx";
import { AccountMenu } from "../features/sign-in/account-menu.tsx";
import { ConnectButton } from "../features/sign-in/connect-button.tsx";
import { useAppConfig } from "../lib/app-config.ts";
import { useLiveQueries } from "../lib/live/use-live-queries.ts";
import { useSession } from "../lib/session.ts";
import { MorePages } from "./more-pages.tsx";
import { usePages, WITHIN_REACH } from "./navigation.ts";

const WrongChainBanner = lazy(async () => ({
  default: (await import("../features/sign-in/wrong-chain-banner.tsx")).WrongChainBanner,
}));

/** A side bar on a desktop; on a phone a bar above, and the pages within reach of the thumb. */
export function Layout() {
  const { data: account } = useSession();
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[232px_minmax(0,1fr)]">
      <Live key={account?.id} />
      <a
        href="#content"
        className="sr-only rounded-lg bg-ink px-4 py-2 text-sm text-on-ink focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-50"
      >
        Skip to content
      </a>
      <SideBar />
      <div className="flex min-w-0 flex-col">
        <TopBar />
        <NetworkNotice />
        <main id="content" className="mx-auto w-full max-w-5xl flex-1 px-4 pt-7 pb-28 sm:px-8 md:pt-10 md:pb-16">
          <PageOutlet />
        </main>
      </div>
      <BottomBar />
    </div>
  );
}

/** Most pages may use the wallet; those that say they don't are there before its code is. */
function PageOutlet() {
  const walletless = useMatches({ select: (matches) => matches.at(-1)?.staticData.walletless ?? false });
  if (walletless) return <Outlet />;
  return (
    <WithWallet fallback={<Skeleton className="h-64 rounded-xl" />}>
      <Outlet />
    </WithWallet>
  );
}

/** For whoever is signed in; a visitor is asked when he connects. */
function NetworkNotice() {
  const { data: account } = useSession();
  if (!account) return null;
  return (
    <WithWallet>
      <WrongChainBanner />
    </WithWallet>
  );
}

function Live() {
  useLiveQueries();
  return null;
}

const SideBar = () => (
  <aside className="sticky top-0 hidden h-dvh flex-col border-r p-3 md:flex">
    <Link to="/" aria-label="infr, overview" className="mb-6 rounded-lg px-2.5 pt-3 pb-1">
      <Brand />
    </Link>
    <nav aria-label="Pages" className="flex flex-col gap-0.5">
      {usePages().map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className="flex h-9 items-center gap-3 rounded-lg px-2.5 text-sm text-muted transition-colors hover:bg-sunken hover:text-ink data-[status=active]:bg-sunken data-[status=active]:font-medium data-[status=active]:text-ink data-[status=active]:[&_svg]:text-ember-ink"
        >
          <Icon aria-hidden className="size-4" />
          {label}
        </Link>
      ))}
    </nav>
    <div className="mt-auto flex flex-col gap-3">
      <Network />
      <Account />
    </div>
  </aside>
);

const TopBar = () => (
  <header className="flex h-[61px] items-center justify-between gap-4 border-b px-4 md:hidden">
    <Link to="/" aria-label="infr, overview" className="rounded-lg">
      <Brand />
    </Link>
    <div className="min-w-0">
      <Account />
    </div>
  </header>
);

const BottomBar = () => (
  <nav
    aria-label="Pages"
    className="fixed inset-x-0 bottom-0 z-30 grid grid-cols-5 border-t bg-surface/95 pb-[env(safe-area-inset-bottom)] backdrop-blur md:hidden"
  >
    {usePages()
      .slice(0, WITHIN_REACH)
      .map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className="flex flex-col items-center gap-1 pt-2.5 pb-2 text-[11px] text-muted -outline-offset-2 data-[status=active]:font-medium data-[status=active]:text-ink data-[status=active]:[&_svg]:text-ember-ink"
        >
          <Icon aria-hidden className="size-5" />
          {label}
        </Link>
      ))}
    <MorePages />
  </nav>
);

function Account() {
  const { data: account, isPending } = useSession();
  if (isPending) return null;
  return account ? <AccountMenu account={account} /> : <ConnectButton size="sm" className="w-full" />;
}

function Network() {
  const { chainName } = useAppConfig();
  return (
    <p className="flex items-center gap-2 px-2.5 text-xs text-muted">
      <span className="size-1.5 shrink-0 rounded-full bg-good" />
      <span className="truncate" title={chainName}>
        {chainName}
      </span>
    </p>
  );
}
