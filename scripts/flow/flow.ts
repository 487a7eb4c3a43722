import { Agreement } from "./agreement.ts";
import { chats, refusal } from "./chat-steps.ts";
import { deposits } from "./deposit-steps.ts";
import { payout, reserves } from "./payout-steps.ts";
import { signIn } from "./session.ts";
import { comparison, settlement, snapshot } from "./settle-steps.ts";
import { earnerNumber, type FlowStack } from "./support.ts";
import { openWallet } from "./wallet.ts";

export type FlowOptions = {
  stack: FlowStack;
  /** Takes a line of evidence. */
  say: (line: string) => void;
  /** Requests at the model's cap: some fifteen make the minimum payout. */
  cappedRequests?: number;
  /** Whether to withdraw what has matured. */
  withdraw: boolean;
};

/**
 * The whole flow, from a USDC deposit to an operator's payout, through the real parts: demo, first integration test and
 * seed of the development data. Every amount is checked to its last unit against what other parts say.
 * @returns true if all amounts agree
 */
export async function runFlow({ stack, say, cappedRequests = 15, withdraw }: FlowOptions): Promise<boolean> {
  const agreement = new Agreement(say);
  const wallet = openWallet(stack, stack.buyer.privateKey);
  const buyer = await signIn(stack, stack.buyer.privateKey);
  const operator = await signIn(stack, stack.operator.privateKey);
  agreement.step("Sign in with Ethereum");
  agreement.note(
    `buyer ${buyer.account.owner} is ${buyer.account.id}, operator ${operator.account.owner} is ${operator.account.id}`,
  );

  const number = await deposits({ stack, wallet, buyer, agreement });
  const earner = await earnerNumber(operator);
  const before = await snapshot({ stack, wallet, number, earner });
  const charges = await chats({ stack, buyer, agreement, cappedRequests });
  await refusal({ stack, agreement });
  await settlement({ stack, buyer, charges, number, agreement });
  await comparison({ stack, wallet, operator, before, number, agreement });
  await payout({ stack, operator, agreement, withdraw });
  await reserves({ buyer, agreement });
  return agreement.complete();
}
