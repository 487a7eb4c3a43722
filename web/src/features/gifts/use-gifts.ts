import { parseUsdc } from "@infr/money";
import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useConfig } from "wagmi";
import { api, type Gift, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { every } from "../../lib/every.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { signOrder } from "../../lib/sign-order.ts";

const REFRESH_MS = 2_000;
const LIMIT = 25;
const OPENING_MS = 1_000;
const OPENING_TRIES = 60;

export const useGifts = (): UseQueryResult<{ gifts: Gift[] }> =>
  useQuery({
    queryKey: queryKeys.gifts,
    queryFn: () => unwrap(api.GET("/api/gift-codes", { params: { query: { limit: LIMIT } } })),
    refetchInterval: every(REFRESH_MS),
  });

export type GiftDraft = { amount: string; message: string; expiresInDays: number };

/** Prepares a gift and has the owner's wallet sign it. @returns its code, which is told this once */
export function useGive(): UseMutationResult<string, Error, GiftDraft> {
  const { chainId, contracts } = useAppConfig();
  const wagmi = useConfig();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body) => {
      const header = { "idempotency-key": crypto.randomUUID() };
      const gift = await unwrap(api.POST("/api/gift-codes", { params: { header }, body }));
      if (gift.code === null) throw new Error("This gift was made before, and its code was told then.");
      if (gift.order) {
        const at = { chainId, escrow: contracts.escrow };
        const amountMicro = parseUsdc(body.amount);
        const signature = await signOrder(wagmi, { order: gift.order, operation: "CreateVoucher", amountMicro, at });
        await unwrap(
          api.POST("/api/gift-codes/{id}/signature", { params: { path: { id: gift.id } }, body: { signature } }),
        );
      }
      return gift.code;
    },
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.gifts }),
  });
}

export function useRevokeGift(): UseMutationResult<unknown, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id) => unwrap(api.POST("/api/gift-codes/{id}/revoke", { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.gifts }),
  });
}

type Redeemed = Awaited<ReturnType<typeof redeem>>;
const redeem = (code: string) => unwrap(api.POST("/api/gift-codes/redeem", { body: { code } }));

/** Redeems a code. Whoever has no account in the contract gets one first: the gift is kept for him meanwhile. */
export function useRedeem(): UseMutationResult<Redeemed, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (code) => {
      let answer = await redeem(code);
      for (let tries = 0; answer.state === "opening" && tries < OPENING_TRIES; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, OPENING_MS));
        answer = await redeem(code);
      }
      return answer;
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.balance }),
  });
}
