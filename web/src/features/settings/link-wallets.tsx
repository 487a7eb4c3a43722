import type { Connector } from "wagmi";
import { WalletList } from "../../components/wallet-list.tsx";
import { useLinkWallet } from "./use-link-wallet.ts";

/** Choosing a wallet connects and links it. */
export function LinkWallets({ onLinked }: { onLinked: () => void }) {
  const link = useLinkWallet();
  const mutate = (connector: Connector) => link.mutate(connector, { onSuccess: onLinked });
  return <WalletList choose={{ ...link, mutate }} />;
}
