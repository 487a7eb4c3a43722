import type { NanoUsd } from "@infr/money";

/** What can be subscribed to: so much credit for each period that is paid for, until its end. */
export type Plan = {
  id: string;
  name: string;
  /** Of the processor: how much, and how often. */
  priceId: string;
  /** What it costs, as it is shown. */
  price: NanoUsd;
  credit: NanoUsd;
};
