import {
  type ArtifactResolver,
  DeploymentResultType,
  deploy,
  type EIP1193Provider,
  type IgnitionModule,
} from "@nomicfoundation/ignition-core";
import type { Address } from "viem";

export interface DeployOptions {
  readonly provider: EIP1193Provider;
  readonly parameters: Record<string, string | bigint>;
  readonly artifacts: ArtifactResolver;
  /** Where Ignition keeps its journal. Without one, a deployment that was broken off starts over. */
  readonly journal?: string;
  readonly confirmations: number;
  readonly pollingIntervalMs: number;
}

/** Deploys a module by Ignition. @returns addresses by the contracts' names */
export async function deployModule(module: IgnitionModule, options: DeployOptions): Promise<Record<string, Address>> {
  const result = await deploy({
    ignitionModule: module,
    deploymentParameters: { [module.id]: options.parameters },
    accounts: (await options.provider.request({ method: "eth_accounts" })) as string[],
    provider: options.provider,
    ...(options.journal && { deploymentDir: options.journal }),
    config: { requiredConfirmations: options.confirmations, blockPollingInterval: options.pollingIntervalMs },
    artifactResolver: options.artifacts,
  });
  if (result.type !== DeploymentResultType.SUCCESSFUL_DEPLOYMENT) {
    throw new Error(`Ignition could not deploy ${module.id}: ${JSON.stringify(result)}`);
  }
  return Object.fromEntries(
    Object.values(result.contracts).map(({ contractName, address }) => [contractName, address as Address]),
  );
}
