import { parseUsdc } from "@infr/money";
import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useRef } from "react";
import type { Address, Hex } from "viem";
import { useConfig, type Config as WagmiConfig } from "wagmi";
import { sendTransaction } from "wagmi/actions";
import { api, type Transfer, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { readUntil } from "../../lib/live/read-until.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { signOrder } from "../../lib/sign-order.ts";
import type { Recipient } from "./recipient.ts";

const LIMIT = 25;
const OPENING_MS = 60_000;

export type Draft = { to: Recipient | { request: string }; amount: string; memo: string };

export const useTransfers = (): UseQueryResult<{ transfers: Transfer[] }> =>
  useQuery({
    queryKey: queryKeys.transfers,
    queryFn: () => unwrap(api.GET("/api/transfers", { params: { query: { limit: LIMIT } } })),
  });

const post = (draft: Draft, { key, dryRun }: { key: string; dryRun: boolean }) =>
  unwrap(api.POST("/api/transfers", { params: { header: { "idempotency-key": key } }, body: { ...draft, dryRun } }));

export type Preview = Awaited<ReturnType<typeof post>>;

/** What would be sent, to whom, and what may be shared after it: nothing is written. */
export const usePreview = (): UseMutationResult<Preview, Error, Draft> =>
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
      const at = { chainId, escrow: contracts.escrow };
      await sign(wagmi, { transfer, amount: draft.amount, isVoucher: "email" in draft.to, at });
      sending.current = null;
    },
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.transfers }),
  });
}

type Signed = { transfer: Transfer; amount: string; isVoucher: boolean; at: { chainId: number; escrow: Address } };

/** Has the owner's wallet sign and hands it in; where there is no wallet there is nothing to sign. */
async function sign(wagmi: WagmiConfig, { transfer, amount, isVoucher, at }: Signed): Promise<void> {
  if (transfer.state !== "awaiting_signature" || !transfer.order) return;
  const amountMicro = parseUsdc(amount);
  const operation = isVoucher ? "CreateVoucher" : "Transfer";
  const signature = await signOrder(wagmi, { order: transfer.order, operation, amountMicro, at });
  await unwrap(
    api.POST("/api/transfers/{id}/signature", { params: { path: { id: transfer.id } }, body: { signature } }),
  );
}

/** Signs what a standing order has prepared, or what was left unsigned. */
export function useSignTransfer(): UseMutationResult<void, Error, Transfer> {
  const { chainId, contracts } = useAppConfig();
  const wagmi = useConfig();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, amount, to }) => {
      const now = await unwrap(api.GET("/api/transfers/{id}", { params: { path: { id } } }));
      const transfer = await untilSignable(now);
      const at = { chainId, escrow: contracts.escrow };
      await sign(wagmi, { transfer, amount, isVoucher: to.by === "email", at });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.transfers }),
  });
}

/**
 * Calls back what is not signed, or waits for somebody. Before its time the contract gives it back to the owner's wallet
 * alone, so that sends the call; where there is none the platform does.
 */
export function useCancel(): UseMutationResult<void, Error, string> {
  const { chainId } = useAppConfig();
  const wagmi = useConfig();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (id) => {
      const { call } = await unwrap(api.POST("/api/transfers/{id}/cancel", { params: { path: { id } } }));
      if (call) await sendTransaction(wagmi, { chainId, to: call.to as Address, data: call.data as Hex });
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
