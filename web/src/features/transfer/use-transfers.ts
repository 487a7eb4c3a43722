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
import { api, type Transfer, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { readUntil } from "../../lib/live/read-until.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { signOrder } from "../../lib/sign-order.ts";
import type { Recipient } from "./recipient.ts";

const LIMIT = 25;
const OPENING_MS = 60_000;

export type Draft = { to: Recipient; amount: string; memo: string };

export const useTransfers = (): UseQueryResult<{ transfers: Transfer[] }> =>
  useQuery({
    queryKey: queryKeys.transfers,
    queryFn: () => unwrap(api.GET("/api/transfers", { params: { query: { limit: LIMIT } } })),
  });

const post = (draft: Draft, { key, dryRun }: { key: string; dryRun: boolean }) =>
  unwrap(api.POST("/api/transfers", { params: { header: { "idempotency-key": key } }, body: { ...draft, dryRun } }));

/** What would be sent, to whom, and what may be shared after it: nothing is written. */
export const usePreview = (): UseMutationResult<Awaited<ReturnType<typeof post>>, Error, Draft> =>
  useMutation({ mutationFn: (draft) => post(draft, { key: crypto.randomUUID(), dryRun: true }) });

/** Prepares, has the owner's wallet sign, hands it in. Pressed again after an error it is still the same transfer. */
export function useSend(): UseMutationResult<void, Error, Draft> {
  const { chainId, contracts } = useAppConfig();
  const wagmi = useConfig();
  const queries = useQueryClient();
  const sending = useRef<{ draft: string; key: string } | null>(null);
  return useMutation({
    mutationFn: async (draft) => {
      const text = JSON.stringify(draft);
      if (sending.current?.draft !== text) sending.current = { draft: text, key: crypto.randomUUID() };
      const made = (await post(draft, { key: sending.current.key, dryRun: false })) as Transfer;
      const transfer = await untilSignable(made);
      if (transfer.state === "expired" || transfer.state === "failed") {
        sending.current = null;
        throw new Error(transfer.reason ?? "This transfer has come to an end. Nothing was moved: send it again.");
      }
      if (transfer.state === "awaiting_signature" && transfer.order) {
        const at = { chainId, escrow: contracts.escrow };
        const amountMicro = parseUsdc(draft.amount);
        const signature = await signOrder(wagmi, { order: transfer.order, operation: "Transfer", amountMicro, at });
        await unwrap(
          api.POST("/api/transfers/{id}/signature", { params: { path: { id: transfer.id } }, body: { signature } }),
        );
      }
      sending.current = null;
    },
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.transfers }),
  });
}

/** A recipient without an account in the contract gets one first: that takes a block or two. */
async function untilSignable(transfer: Transfer): Promise<Transfer> {
  const isDone = ({ state, order }: Transfer) => state !== "awaiting_signature" || order !== null;
  if (isDone(transfer)) return transfer;
  const read = (): Promise<Transfer> =>
    unwrap(api.GET("/api/transfers/{id}", { params: { path: { id: transfer.id } } }));
  const newest = await readUntil({ read, isDone, topics: ["moves"], withinMs: OPENING_MS });
  if (newest === null) throw new Error("The recipient's account is still being opened. Send it again in a minute.");
  return newest;
}
