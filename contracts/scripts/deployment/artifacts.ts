import type { Artifact, ArtifactResolver } from "@nomicfoundation/ignition-core";
import type { Hex } from "viem";
import * as bytecodes from "../../abi/bytecode.ts";
import * as abis from "../../abi/index.ts";

const of = (contractName: string, abi: readonly unknown[], bytecode: Hex): [string, Artifact] => [
  contractName,
  {
    _format: "hh3-artifact-1",
    contractName,
    sourceName: `${contractName}.sol`,
    abi: [...abi],
    bytecode,
    deployedBytecode: "0x",
    linkReferences: {},
    deployedLinkReferences: {},
  },
];

const artifacts = new Map([
  of("AllowanceRecharge", abis.allowanceRechargeAbi, bytecodes.allowanceRechargeBytecode),
  of("CreditEscrow", abis.creditEscrowAbi, bytecodes.creditEscrowBytecode),
  of("EasPayoutPolicy", abis.easPayoutPolicyAbi, bytecodes.easPayoutPolicyBytecode),
  of("EscrowLens", abis.escrowLensAbi, bytecodes.escrowLensBytecode),
  of("TestUSDC", abis.testUsdcAbi, bytecodes.testUsdcBytecode),
  of("TimelockController", abis.timelockControllerAbi, bytecodes.timelockControllerBytecode),
]);

/** The bytecode that is checked in, so that nothing has to be compiled. */
export const checkedInArtifacts: ArtifactResolver = {
  loadArtifact: async (name) => {
    const artifact = artifacts.get(name);
    if (!artifact) throw new Error(`${name} is not in contracts/abi: add it to contracts/scripts/write-abi.ts.`);
    return artifact;
  },
  getBuildInfo: async () => undefined,
};
