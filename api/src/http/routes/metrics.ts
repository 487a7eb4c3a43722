import { Counter, Gauge, Registry } from "prom-client";
import { Type } from "typebox";
import { fundingRoom } from "../../flow/credit/grant-lot.ts";
import { payoutCounts } from "../../flow/payout/store.ts";
import { countWaiting } from "../../funding/cards-store.ts";
import { newestReconciliation, reconciliationCounts } from "../../jobs/reconcile-store.ts";
import type { Routes, Services } from "../services.ts";

const NANO_PER_USD = 1e9;

/** What an alert is set on, in Prometheus' text format. All of it comes from the database: any server tells the same. */
export function metricsRoutes(app: Routes, { sql }: Services): void {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const differences = gauge("infr_reconciliation_differences", "Differences that the newest reconciliation found");
  const age = gauge("infr_reconciliation_age_seconds", "Time since the newest reconciliation");
  const held = gauge("infr_usdc_held_usd", "USDC that the contract holds");
  const owed = gauge("infr_liabilities_usd", "What the contract owes");
  const room = gauge(
    "infr_funding_room_usd",
    "Platform-funded credit that account 1 still covers; at 0 lots are refused",
  );
  const waiting = gauge("infr_card_payments_waiting", "Card payments whose credit waits until account 1 covers it");
  const found = new Counter({
    name: "infr_reconciliations_with_differences_total",
    help: "Reconciliations that found a difference",
    registers,
  });
  const payouts = new Gauge({ name: "infr_payouts", help: "Payouts by state", labelNames: ["state"], registers });

  app.get(
    "/metrics",
    {
      schema: {
        tags: ["Public"],
        summary: "Figures for Prometheus",
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) => {
      const [newest, counts, states, left, uncovered] = await Promise.all([
        newestReconciliation(sql),
        reconciliationCounts(sql),
        payoutCounts(sql),
        fundingRoom(sql),
        countWaiting(sql),
      ]);
      waiting.set(uncovered);
      room.set(Number(left) / NANO_PER_USD);
      if (newest) {
        differences.set(newest.differences.length);
        age.set((Date.now() - newest.finishedAt.getTime()) / 1000);
        held.set(Number(newest.usdcHeld) / NANO_PER_USD);
        owed.set(Number(newest.liabilities) / NANO_PER_USD);
      }
      found.reset();
      found.inc(counts.with_differences);
      payouts.reset();
      for (const { state, count } of states) payouts.set({ state }, count);
      return reply.type("text/plain; version=0.0.4").send(await registry.metrics());
    },
  );
}
