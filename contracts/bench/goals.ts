/** Most that each may cost: gas of the whole transaction, bytes of calldata, bytes of runtime code. */
export const GOALS = {
  settleLineGas: 5_750,
  settleFixedGas: 90_000,
  settle1050Gas: 6_100_000,
  settle1050Bytes: 10_100,
  voidLineGas: 5_800,
  depositGas: 75_000,
  deposit3009Gas: 110_000,
  depositPayerGas: 115_000,
  sweepGas: 70_000,
  sweepFirstGas: 112_000,
  transferGas: 58_000,
  transferDirectGas: 53_000,
  voucherCreateGas: 76_000,
  voucherRedeemGas: 40_000,
  payoutLineGas: 26_500,
  payoutFreshLineGas: 43_000,
  withdrawGas: 68_000,
  runtimeBytes: 22_000,
} as const;

export type GasFigures = Record<
  keyof typeof GOALS | "settle10Gas" | "settle100Gas" | "settle500Gas" | "void1050Gas",
  number
>;
