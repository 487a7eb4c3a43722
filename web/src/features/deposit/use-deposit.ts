import { creditEscrowAbi } from "@infr/contracts/abi";
import { formatUsdc, type MicroUsdc } from "@infr/money";
import { authorizationNonce, receiveAuthorizationTypedData, type TokenDomain } from "@infr/protocol";
import { type Address, bytesToHex, erc20Abi, parseAbi, zeroHash } from "viem";
import { useConfig, type Config as WagmiConfig } from "wagmi";
import { getBlock, getConnection, readContract, signTypedData } from "wagmi/actions";
import { type Account, api, type Config, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { displayUsd } from "../../lib/format.ts";
import {
  type ContractCall,
  type TransactionFlow,
  useTransactionFlow,
} from "../../lib/transaction-flow/use-transaction-flow.ts";

const AUTHORIZATION_LIFETIME_S = 3_600;
const tokenDomainAbi = parseAbi(["function name() view returns (string)", "function version() view returns (string)"]);

/** `gasless`: sign only, the API sends and pays. `wallet`: the wallet sends and pays the network fee. */
export type DepositWay = "gasless" | "wallet";

export interface DepositInput {
  amount: MicroUsdc;
  way: DepositWay;
}

interface Deposit extends DepositInput {
  wagmi: WagmiConfig;
  config: Config;
  account: Account;
  from: Address;
}

export interface DepositFlow extends Omit<TransactionFlow, "run"> {
  start: (input: DepositInput) => void;
}

/** Deposits of the connected wallet to the signed-in account; the two need not belong together. */
export function useDeposit(account: Account): DepositFlow {
  const wagmi = useConfig();
  const config = useAppConfig();
  const { run, ...flow } = useTransactionFlow(`deposit.${account.id}`);

  const start = (input: DepositInput) => {
    const { address: from } = getConnection(wagmi);
    if (!from) return;
    const deposit: Deposit = { ...input, wagmi, config, account, from };
    const title = `Deposit ${displayUsd(formatUsdc(input.amount))}`;
    void run(
      input.way === "gasless"
        ? { title, relay: () => signAuthorization(deposit) }
        : { title, calls: () => depositCalls(deposit) },
    );
  };
  return { ...flow, start };
}

/** Approval where it is missing, then `deposit`, or `depositFor` while the account has no number yet. */
async function depositCalls({ wagmi, config, account, from, amount }: Deposit): Promise<ContractCall[]> {
  const { escrow, usdc } = config.contracts;
  const allowance = await readContract(wagmi, {
    address: usdc,
    abi: erc20Abi,
    functionName: "allowance",
    args: [from, escrow],
  });
  const approve = {
    label: "Approve USDC",
    address: usdc,
    abi: erc20Abi,
    functionName: "approve",
    args: [escrow, amount],
  };
  const opened = account.chainAccount !== null;
  const deposit = {
    label: "Deposit",
    address: escrow,
    abi: creditEscrowAbi,
    functionName: opened ? "deposit" : "depositFor",
    args: opened ? [account.chainAccount, amount, zeroHash] : [account.owner, account.salt, amount, zeroHash],
  };
  return allowance >= amount ? [deposit] : [approve, deposit];
}

async function signAuthorization(deposit: Deposit): Promise<{ id: string }> {
  const { wagmi, config, account, from, amount } = deposit;
  const memo = zeroHash;
  const salt = bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
  const validBefore = (await chainTime(wagmi)) + AUTHORIZATION_LIFETIME_S;
  const typedData = receiveAuthorizationTypedData(await readToken(deposit), {
    from,
    to: config.contracts.escrow,
    value: amount,
    validAfter: 0n,
    validBefore: BigInt(validBefore),
    nonce: authorizationNonce({ ref: account.ref, memo, nonceSalt: salt }),
  });
  const signature = await signTypedData(wagmi, typedData);
  const body = { from, amount: formatUsdc(amount), validAfter: 0, validBefore, memo, salt, signature };
  const { transaction } = await unwrap(api.POST("/api/deposits/authorizations", { body }));
  return transaction;
}

/** The latest block's time: the contract compares with it, and a local chain's clock is not this machine's. */
const chainTime = async (wagmi: WagmiConfig): Promise<number> => Number((await getBlock(wagmi)).timestamp);

/** The EIP-712 name of USDC differs from chain to chain: the token itself knows. */
async function readToken({ wagmi, config }: Deposit): Promise<TokenDomain> {
  const { usdc } = config.contracts;
  const token = { address: usdc, abi: tokenDomainAbi } as const;
  const [name, version] = await Promise.all([
    readContract(wagmi, { ...token, functionName: "name" }),
    readContract(wagmi, { ...token, functionName: "version" }),
  ]);
  return { name, version, chainId: config.chainId, usdc };
}
