import {
  type UseMutationResult,
  type UseQueryResult,
  useIsMutating,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type CardPayment, type Cards, unwrap } from "../../lib/api.ts";
import { ApiError } from "../../lib/errors.ts";
import { leaveFor } from "../../lib/leave-for.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { forgetKey, keyOf } from "./payment-key.ts";

const LIMIT = 10;

export interface CardsView extends Cards {
  payments: CardPayment[];
}

/** The account's cards, and what was paid by card. */
export const useCards = (): UseQueryResult<CardsView> =>
  useQuery({
    queryKey: queryKeys.cards,
    queryFn: async () => {
      const [cards, { payments }] = await Promise.all([
        unwrap(api.GET("/api/cards")),
        unwrap(api.GET("/api/cards/payments", { params: { query: { limit: LIMIT } } })),
      ]);
      return { ...cards, payments };
    },
  });

/** Opens the processor's page: what is typed about a card there never comes to us. */
export const useCheckout = (): UseMutationResult<void, Error, { amount: string; save: boolean }> =>
  useMutation({
    mutationFn: async (body) => {
      const { url } = await unwrap(api.POST("/api/cards/checkout", { body }));
      await leaveFor(url);
    },
  });

const CHARGE = ["charge-card"] as const;

/** Charges a saved card. Until its end is known, a repetition has the same key: it charges once. */
export function useCharge(): UseMutationResult<CardPayment, Error, { amount: string; cardId: string }> {
  const queries = useQueryClient();
  return useMutation({
    mutationKey: CHARGE,
    mutationFn: async (body) => {
      const params = { header: { "idempotency-key": keyOf(`${body.amount} ${body.cardId}`) } };
      const { payment } = await unwrap(api.POST("/api/cards/payments", { params, body }));
      if (payment.state === "paid" || payment.state === "failed") forgetKey();
      return payment;
    },
    onError: (error) => {
      // What the API has refused was not charged, and never will be under this key.
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) forgetKey();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.cards }),
  });
}

/** Whether a card is being charged, also by a form that is not shown any more. */
export const useIsCharging = (): boolean => useIsMutating({ mutationKey: CHARGE }) > 0;

/** Recharging with the card ends with it. */
export function useForgetCard(): UseMutationResult<unknown, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id) => unwrap(api.DELETE("/api/cards/{id}", { params: { path: { id } } })),
    onSettled: () =>
      Promise.all([queryKeys.cards, queryKeys.recharge].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
}
