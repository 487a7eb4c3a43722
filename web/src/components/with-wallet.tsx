import { lazy, type ReactNode, Suspense } from "react";

const WalletProvider = lazy(async () => {
  const { WalletProvider: component } = await import("../lib/chain/wallet-provider.tsx");
  return { default: component };
});

interface WithWalletProps {
  /** Shown while the wallet code is loaded. */
  fallback?: ReactNode;
  children: ReactNode;
}

/** Around what uses wagmi's hooks, wherever a page can do without them until then. */
export const WithWallet = ({ fallback = null, children }: WithWalletProps) => (
  <Suspense fallback={fallback}>
    <WalletProvider>{children}</WalletProvider>
  </Suspense>
);
