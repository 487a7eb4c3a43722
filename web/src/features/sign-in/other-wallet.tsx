import { useConnection } from "wagmi";
import { shortHex } from "../../lib/format.ts";

/** Says so where the wallet at hand is not the account's own. */
export function OtherWallet({ owner }: { owner: string }) {
  const { address } = useConnection();
  if (!address || address.toLowerCase() === owner.toLowerCase()) return null;
  return <p className="mt-1">Connected wallet: {shortHex(address)}</p>;
}
