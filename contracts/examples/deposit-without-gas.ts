import { creditEscrowAbi } from "@infr/contracts/abi";
import { accountRef, authorizationNonce, PRIMARY_SALT, receiveAuthorizationTypedData } from "@infr/protocol";
import {
  type Account,
  type Address,
  type Hex,
  type LocalAccount,
  type PublicClient,
  parseAbi,
  parseEventLogs,
  parseUnits,
  type Transport,
  type WalletClient,
} from "viem";

const tokenAbi = parseAbi(["function name() view returns (string)", "function version() view returns (string)"]);

/**
 * Deposits 10 USDC of `payer` into the primary account of `owner`. The payer signs an ERC-3009 authorization whose nonce
 * names account and memo, so nobody can turn it to another one; the relayer, who may be anybody, pays the gas.
 */
export async function depositWithoutGas({
  escrow,
  reader,
  payer,
  relayer,
  owner,
  memo,
  nonceSalt,
}: {
  escrow: Address; // addressBook[8453].deployment.escrow
  reader: PublicClient;
  payer: LocalAccount;
  relayer: WalletClient<Transport, undefined, Account>;
  owner: Address;
  memo: Hex; // 32 bytes, free: goes into the event
  nonceSalt: Hex; // 32 random bytes: tells equal deposits apart
}) {
  // name and version differ between chains: read them from the token
  const usdc = await reader.readContract({ address: escrow, abi: creditEscrowAbi, functionName: "usdc" });
  const name = await reader.readContract({ address: usdc, abi: tokenAbi, functionName: "name" });
  const version = await reader.readContract({ address: usdc, abi: tokenAbi, functionName: "version" });
  const token = { name, version, chainId: await reader.getChainId(), usdc };

  // valid for an hour of chain time, which is not this machine's
  const { timestamp } = await reader.getBlock();
  const [validAfter, validBefore] = [0n, timestamp + 3_600n];
  const value = parseUnits("10", 6);
  const nonce = authorizationNonce({ ref: accountRef({ owner }), memo, nonceSalt });
  const message = { from: payer.address, to: escrow, value, validAfter, validBefore, nonce };
  const signature = await payer.signTypedData(receiveAuthorizationTypedData(token, message));

  // a simulation says which error it would be, with its values, before anything is paid
  const times = { validAfter, validBefore };
  const { request } = await reader.simulateContract({
    account: relayer.account,
    address: escrow,
    abi: creditEscrowAbi,
    functionName: "depositWithAuthorization",
    args: [
      { owner, accountSalt: PRIMARY_SALT, from: payer.address, amount: value, ...times, memo, nonceSalt, signature },
    ],
  });
  const hash = await relayer.writeContract({ ...request, chain: null });
  const { logs } = await reader.waitForTransactionReceipt({ hash });
  const [deposited] = parseEventLogs({ abi: creditEscrowAbi, eventName: "Deposited", logs });
  if (!deposited) throw new Error(`No deposit in ${hash}: the transaction was reverted.`);
  return deposited.args; // { account, payer, rail, amount, debtRepaid, memo }
}
