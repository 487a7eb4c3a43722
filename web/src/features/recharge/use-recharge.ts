import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { type Allowance, api, type Cards, type Recharge, unwrap } from "../../lib/api.ts";
import { ApiError } from "../../lib/errors.ts";
import { leaveFor } from "../../lib/leave-for.ts";
import { queryKeys } from "../../lib/query-keys.ts";

export interface Sources {
  recharge: Recharge;
  cards: Cards;
  /** What the wallet allows, or why no wallet can be recharged from. */
  allowance: Allowance | string;
}

/** The setting, and what could be recharged from. */
export const useSources = (): UseQueryResult<Sources> =>
  useQuery({
    queryKey: queryKeys.recharge,
    queryFn: async () => {
      const [recharge, cards, allowance] = await Promise.all([
        unwrap(api.GET("/api/recharge")),
        unwrap(api.GET("/api/cards")),
        fetchAllowance(),
      ]);
      return { recharge, cards, allowance };
    },
  });

async function fetchAllowance(): Promise<Allowance | string> {
  try {
    return (await unwrap(api.GET("/api/recharge/allowance"))) as Allowance;
  } catch (error) {
    if (error instanceof ApiError && error.status === 422) return error.message;
    throw error;
  }
}

export interface Setting {
  by: "card" | "usdc";
  cardId?: string;
  threshold: string;
  target: string;
  ceiling: string;
  cooldownSeconds: number;
}

export const useTurnOn = (): UseMutationResult<unknown, Error, Setting> =>
  useWrite((body) => unwrap(api.PUT("/api/recharge", { body })));

export const useTurnOff = (): UseMutationResult<unknown, Error, void> =>
  useWrite(() => unwrap(api.DELETE("/api/recharge")));

/** Opens the card processor's page; the card is kept there for later payments. */
export const useSaveCard = (): UseMutationResult<void, Error, string> =>
  useMutation({
    mutationFn: async (amount) => {
      const { url } = await unwrap(api.POST("/api/cards/checkout", { body: { amount, save: true } }));
      await leaveFor(url);
    },
  });

function useWrite<Input, Output>(write: (input: Input) => Promise<Output>): UseMutationResult<Output, Error, Input> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: write,
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.recharge }),
  });
}
