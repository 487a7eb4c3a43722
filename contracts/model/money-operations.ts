import { accountRef, authorizationNonce, receiveAuthorizationTypedData } from "@infr/protocol";
import { type Address, encodeFunctionData, keccak256, toHex } from "viem";
import { creditEscrowAbi, testUsdcAbi } from "../abi/index.ts";
import * as money from "./money-model.ts";
import { anyId, anyUser, type Maker, senderFor } from "./operation.ts";
import type { Random } from "./random.ts";
import { addressOrZero, POLICY, SALTS, saltOf, send, setVerified, type World } from "./world.ts";

const MEMO = saltOf(7);
const FOREVER = 2n ** 40n;

const depositAmount = (random: Random): bigint => BigInt(4_000_000 + random.below(60_000_000));

const sendEscrow = (world: World, from: Address, data: `0x${string}`) =>
  send(world, { from, to: world.chain.escrow, data });

const deposit: Maker = (world, random) => {
  const [id, payer, amount] = [anyId(world, random), anyUser(world, random), depositAmount(random)];
  const args = [id, amount, MEMO] as const;
  return {
    text: `deposit(${id}, ${amount}) by ${payer}`,
    model: (state) => money.deposit(state, id, { payer, spender: state.escrow, amount }),
    chain: () => sendEscrow(world, payer, encodeFunctionData({ abi: creditEscrowAbi, functionName: "deposit", args })),
  };
};

const depositFor: Maker = (world, random) => {
  const [owner, payer, salt] = [anyUser(world, random), anyUser(world, random), random.pick(SALTS)];
  const amount = depositAmount(random);
  const permit = random.chance(30); // a permit that does not hold: the allowance is enough
  const [to, memo] = [[owner, saltOf(salt)] as const, MEMO];
  const data = permit
    ? encodeFunctionData({
        abi: creditEscrowAbi,
        functionName: "depositWithPermit",
        args: [...to, amount, memo, 0n, "0x"],
      })
    : encodeFunctionData({ abi: creditEscrowAbi, functionName: "depositFor", args: [...to, amount, memo] });
  return {
    text: `${permit ? "depositWithPermit" : "depositFor"}(${owner}, ${salt}, ${amount}) by ${payer}`,
    model: (state) => money.depositFor(state, { owner, salt }, { payer, spender: state.escrow, amount }),
    chain: () => sendEscrow(world, payer, data),
  };
};

/** Signs an ERC-3009 authorization: for the escrow to receive, or for anybody to submit. */
async function authorize(world: World, random: Random, primaryType: "Receive" | "Transfer") {
  const [payer, owner, salt] = [random.pick(world.users), anyUser(world, random), random.pick(SALTS)];
  const amount = random.chance(20) ? BigInt(random.below(5_000_000)) : depositAmount(random);
  world.salt += 1;
  const nonceSalt = keccak256(toHex(world.salt));
  const ref = accountRef({ owner, salt: saltOf(salt) });
  const nonce = primaryType === "Receive" ? authorizationNonce({ ref, memo: MEMO, nonceSalt }) : nonceSalt;
  const message = {
    from: payer.address,
    to: world.chain.escrow,
    value: amount,
    validAfter: 0n,
    validBefore: FOREVER,
    nonce,
  };
  const token = { name: "USD Coin", version: "2", chainId: world.chain.chainId, usdc: world.chain.usdc };
  const { domain, types } = receiveAuthorizationTypedData(token, message);
  const name = `${primaryType}WithAuthorization`;
  const signer = random.chance(95) ? payer : random.pick(world.users);
  const fields = types.ReceiveWithAuthorization;
  const signature = await signer.signTypedData({ domain, types: { [name]: fields }, primaryType: name, message });
  const relayer = anyUser(world, random);
  const spender = signer === payer ? world.state.escrow : null;
  return { payer: payer.address, owner, salt, amount, nonce, nonceSalt, signature, relayer, spender };
}

/** A wrong signature is the token's to refuse: an account that pays nothing may stand for it. */
const failing = (world: World): Address => world.chain.usdc;

const depositWithAuthorization: Maker = async (world, random) => {
  const { payer, owner, salt, amount, nonceSalt, signature, relayer, spender } = await authorize(
    world,
    random,
    "Receive",
  );
  const input = {
    owner,
    accountSalt: saltOf(salt),
    from: payer,
    amount,
    validAfter: 0n,
    validBefore: FOREVER,
    memo: MEMO,
  };
  const args = [{ ...input, nonceSalt, signature }] as const;
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "depositWithAuthorization", args });
  const from = spender ? payer : failing(world);
  return {
    text: `depositWithAuthorization(${owner}, ${salt}, ${amount}) of ${payer}${spender ? "" : ", signed by another"}`,
    model: (state) => money.depositFor(state, { owner, salt }, { payer: from, spender: state.escrow, amount }),
    chain: () => sendEscrow(world, relayer, data),
  };
};

const depositFromPayer: Maker = async (world, random) => {
  const { payer, amount, nonce, signature, relayer, spender } = await authorize(world, random, "Transfer");
  const args = [{ from: payer, amount, validAfter: 0n, validBefore: FOREVER, nonce, signature }] as const;
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "depositFromPayer", args });
  const from = spender ? payer : failing(world);
  return {
    text: `depositFromPayer(${amount}) of ${payer}${spender ? "" : ", signed by another"}`,
    model: (state) => money.depositFromPayer(state, { payer: from, spender: state.escrow, amount }),
    chain: () => sendEscrow(world, relayer, data),
  };
};

const sweep: Maker = (world, random) => {
  const [owner, salt] = [anyUser(world, random), random.pick(SALTS)];
  const forwarder = world.forwarders.get(`${owner}/${salt}`) as Address;
  const args = [[accountRef({ owner, salt: saltOf(salt) })]] as const;
  return {
    text: `sweep(${owner}, ${salt})`,
    model: (state) => money.sweep(state, { owner, salt }, forwarder),
    chain: () => sendEscrow(world, owner, encodeFunctionData({ abi: creditEscrowAbi, functionName: "sweep", args })),
  };
};

/** USDC that nobody announced: to a deposit address, or astray to the escrow itself. */
const plainTransfer: Maker = (world, random) => {
  const to = random.chance(80) ? random.pick([...world.forwarders.values()]) : world.state.escrow;
  const [from, amount] = [anyUser(world, random), depositAmount(random) / 2n];
  const data = encodeFunctionData({ abi: testUsdcAbi, functionName: "transfer", args: [to, amount] });
  return {
    text: `USDC transfer of ${amount} from ${from} to ${to}`,
    model: (state) => state.token.move(from, to, from, amount),
    chain: () => send(world, { from, to: world.chain.usdc, data }),
  };
};

const withdraw: Maker = (world, random) => {
  const id = anyId(world, random);
  const [sender, available] = [senderFor(world, id, random), world.state.earner(id).available(world.state.today)];
  const amount = random.amount(available) + BigInt(random.chance(10) ? 1 : 0);
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "withdraw", args: [id, amount] });
  return {
    text: `withdraw(${id}, ${amount}) by ${sender}`,
    model: (state) => money.withdraw(state, id, { amount, sender }),
    chain: () => sendEscrow(world, sender, data),
  };
};

const payout: Maker = (world, random) => {
  const ids = Array.from({ length: 1 + random.below(3) }, () => anyId(world, random));
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "payout", args: [ids] });
  return {
    text: `payout(${ids.join(", ")})`,
    model: (state) => money.payout(state, ids),
    chain: () => sendEscrow(world, anyUser(world, random), data),
  };
};

const convertEarnings: Maker = (world, random) => {
  const id = anyId(world, random);
  const [sender, available] = [senderFor(world, id, random), world.state.earner(id).available(world.state.today)];
  const amount = random.amount(available);
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "convertEarnings", args: [id, amount] });
  return {
    text: `convertEarnings(${id}, ${amount}) by ${sender}`,
    model: (state) => money.convertEarnings(state, id, { amount, sender }),
    chain: () => sendEscrow(world, sender, data),
  };
};

const setPayoutTo: Maker = (world, random) => {
  const id = anyId(world, random);
  const to = random.chance(10) ? null : random.chance(5) ? world.state.escrow : anyUser(world, random);
  const sender = senderFor(world, id, random);
  const args = [id, addressOrZero(to)] as const;
  return {
    text: `setPayoutTo(${id}, ${to}) by ${sender}`,
    model: (state) => money.setPayoutTo(state, id, { to, sender }),
    chain: () =>
      sendEscrow(world, sender, encodeFunctionData({ abi: creditEscrowAbi, functionName: "setPayoutTo", args })),
  };
};

const exits: Maker = (world, random) => {
  const id = anyId(world, random);
  const sender = senderFor(world, id, random);
  const functionName = random.chance(50) ? "requestExit" : "exit";
  const step = functionName === "exit" ? money.exit : money.requestExit;
  return {
    text: `${functionName}(${id}) by ${sender}`,
    model: (state) => step(state, id, sender),
    chain: () => sendEscrow(world, sender, encodeFunctionData({ abi: creditEscrowAbi, functionName, args: [id] })),
  };
};

/** What USDC's issuer can do, and what the policy may say. */
const outside: Maker = (world, random) => {
  const { state, chain } = world;
  const call = (data: `0x${string}`) => send(world, { from: chain.operator.address, to: chain.usdc, data });
  const believed = state.believing.has(POLICY);
  const what = state.token.paused ? 0 : random.below(10);
  if (what === 0) {
    const functionName = state.token.paused ? "unpause" : "pause";
    return {
      text: `USDC ${functionName}`,
      model: (at) => {
        at.token.paused = !at.token.paused;
      },
      chain: () => call(encodeFunctionData({ abi: testUsdcAbi, functionName })),
    };
  }
  if (what < 3) {
    return {
      text: `policy: verified ${!believed}`,
      model: (at) => void (believed ? at.believing.delete(POLICY) : at.believing.add(POLICY)),
      chain: async () => {
        await setVerified(world, !believed);
        return null;
      },
    };
  }
  const [listed] = state.token.blacklist;
  const who = listed ?? anyUser(world, random);
  const functionName = listed ? "unBlacklist" : "blacklist";
  return {
    text: `USDC ${functionName}(${who})`,
    model: (at) => void (listed ? at.token.blacklist.delete(who) : at.token.blacklist.add(who)),
    chain: () => call(encodeFunctionData({ abi: testUsdcAbi, functionName, args: [who] })),
  };
};

export const moneyMakers: Record<string, { make: Maker; weight: number }> = {
  deposit: { make: deposit, weight: 9 },
  depositFor: { make: depositFor, weight: 8 },
  depositWithAuthorization: { make: depositWithAuthorization, weight: 4 },
  depositFromPayer: { make: depositFromPayer, weight: 4 },
  sweep: { make: sweep, weight: 4 },
  plainTransfer: { make: plainTransfer, weight: 4 },
  withdraw: { make: withdraw, weight: 6 },
  payout: { make: payout, weight: 6 },
  convertEarnings: { make: convertEarnings, weight: 3 },
  setPayoutTo: { make: setPayoutTo, weight: 3 },
  exits: { make: exits, weight: 5 },
  outside: { make: outside, weight: 5 },
};
