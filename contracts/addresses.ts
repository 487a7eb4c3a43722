type Address = `0x${string}`;

/** Where the contracts stand on one chain. `escrow` is null until it has been deployed there. */
export interface ChainAddresses {
  readonly escrow: Address | null;
  readonly usdc: Address;
}

/** By chain id. A local chain's addresses come from its deployment, not from here. Source of USDC's: Circle's list. */
export const addressBook: Readonly<Record<number, ChainAddresses>> = {
  /** Base */
  8453: { escrow: null, usdc: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913" },
  /** Base Sepolia */
  84532: { escrow: null, usdc: "0x036CbD53842c5426634e7929541eC2318f3dCF7e" },
};
