import type { Config as WagmiConfig } from "wagmi";
import type { Config } from "../api.ts";

let loading: Promise<WagmiConfig> | undefined;

/** What speaks with wallets and the chain: half of the app's code, loaded when somebody first needs it, and once. */
export function loadWallet(config: Config): Promise<WagmiConfig> {
  loading ??= import("./wagmi-config.ts").then(({ createWagmiConfig }) => createWagmiConfig(config));
  // What could not be loaded is tried anew the next time.
  loading.catch(() => {
    loading = undefined;
  });
  return loading;
}
