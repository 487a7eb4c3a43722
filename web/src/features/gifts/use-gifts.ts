import { parseUsdc } from "@infr/money";
import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useRef } from "react";
import { useConfig } from "wagmi";
import { api, type Gift, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { readUntil } from "../../lib/live/read-until.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { signOrder } from "../../lib/sign-order.ts";

const LIMIT = 25;
const OPENING_MS = 60_000;

export const useGifts = (): UseQueryResult<{ gifts: Gift[] }> =>
  useQuery({
    queryKey: queryKeys.gifts,
    queryFn: () => unwrap(api.GET("/api/gift-codes", { params: { query: { limit: LIMIT } } })),
  });

export type GiftDraft = { amount: string; message: string; expiresInDays: number; lock?: { email: string } };

/**
 * Prepares a gift and has the owner's wallet sign it. Pressed again after an error it is still the same gift, and its code is
 * still known: an answer that was lost on the way must not leave credit under a code that nobody has.
 * @returns the code, which is told this once
 */
export function useGive(): UseMutationResult<string, Error, GiftDraft> {
  const { chainId, contracts } = useAppConfig();
  const wagmi = useConfig();
  const queries = useQueryClient();
  const giving = useRef<{ draft: string; key: string; code: string | null } | null>(null);
  return useMutation({
    mutationFn: async (body) => {
      const draft = JSON.stringify(body);
      if (giving.current?.draft !== draft) giving.current = { draft, key: crypto.randomUUID(), code: null };
      const given = giving.current;
      const header = { "idempotency-key": given.key };
      const gift = await unwrap(api.POST("/api/gift-codes", { params: { header }, body }));
      given.code ??= gift.code;
      if (given.code === null || !UNDER_WAY.includes(gift.state)) {
        giving.current = null;
        throw new Error("This gift has come to an end before it was given. Press again for another.");
      }
      if (gift.state === "awaiting_signature" && gift.order) {
        const at = { chainId, escrow: contracts.escrow };
        const amountMicro = parseUsdc(body.amount);
        const signature = await signOrder(wagmi, { order: gift.order, operation: "CreateVoucher", amountMicro, at });
        await unwrap(
          api.POST("/api/gift-codes/{id}/signature", { params: { path: { id: gift.id } }, body: { signature } }),
        );
      }
      giving.current = null;
      return given.code;
    },
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.gifts }),
  });
}

/** States of a gift whose code counts, or will. */
const UNDER_WAY: ReadonlyArray<Gift["state"]> = ["awaiting_signature", "pending", "active"];

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
      const read = () => redeem(code);
      const isDone = ({ state }: Redeemed) => state !== "opening";
      return (await readUntil({ read, isDone, topics: ["account"], withinMs: OPENING_MS })) ?? redeem(code);
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.balance }),
  });
}
