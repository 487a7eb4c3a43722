import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type CardPayment, type Cards, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

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
      window.location.assign(url);
    },
  });

/** Charges a saved card. A repetition after a lost answer has the same key: it charges once. */
export const useCharge = (): UseMutationResult<CardPayment, Error, { amount: string; cardId: string; key: string }> =>
  useWrite(async ({ key, ...body }) => {
    const params = { header: { "idempotency-key": key } };
    const { payment } = await unwrap(api.POST("/api/cards/payments", { params, body }));
    return payment;
  });

export const useForgetCard = (): UseMutationResult<unknown, Error, string> =>
  useWrite((id) => unwrap(api.DELETE("/api/cards/{id}", { params: { path: { id } } })));

function useWrite<Input, Output>(write: (input: Input) => Promise<Output>): UseMutationResult<Output, Error, Input> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: write,
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.cards }),
  });
}
