/** Every key of the server state in one place: what a write invalidates is found here. */
export const queryKeys = {
  config: ["config"],
  session: ["session"],
  balance: ["balance"],
  deposits: ["deposits"],
  keys: ["keys"],
  usage: ["usage"],
  models: ["models"],
  reserves: ["reserves"],
  statements: ["statements"],
  earnings: ["earnings"],
  payouts: ["payouts"],
  nodes: ["nodes"],
  walletUsdc: ["wallet-usdc"],
  transaction: ["transaction"],
} as const;
