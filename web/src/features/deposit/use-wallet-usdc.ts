import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { type Address, erc20Abi } from "viem";
import { useConfig } from "wagmi";
import { readContract } from "wagmi/actions";
import { useAppConfig } from "../../lib/app-config.ts";
import { queryKeys } from "../../lib/query-keys.ts";

/** USDC in the connected wallet, in micro-USDC. */
export function useWalletUsdc(address: Address | undefined): UseQueryResult<bigint> {
  const wagmi = useConfig();
  const { contracts } = useAppConfig();
  return useQuery({
    queryKey: [...queryKeys.walletUsdc, address],
    queryFn: () =>
      readContract(wagmi, {
        address: contracts.usdc,
        abi: erc20Abi,
        functionName: "balanceOf",
        args: [address as Address],
      }),
    enabled: address !== undefined,
    // A bigint can't be compared by the structural sharing of TanStack Query.
    structuralSharing: false,
  });
}
