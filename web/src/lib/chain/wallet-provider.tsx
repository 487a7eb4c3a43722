import { type ReactNode, use } from "react";
import { WagmiProvider } from "wagmi";
import { useAppConfig } from "../app-config.ts";
import { loadWallet } from "./wallet.ts";

/** The hooks of wagmi work inside of it; it waits until the wallet code is there. */
export const WalletProvider = ({ children }: { children: ReactNode }) => (
  <WagmiProvider config={use(loadWallet(useAppConfig()))}>{children}</WagmiProvider>
);
