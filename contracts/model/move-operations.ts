import { clearanceTypedData, type OperationMessages, operationHash, operationTypedData } from "@infr/protocol";
import { encodeFunctionData, type Hex } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { creditEscrowAbi } from "../abi/index.ts";
import { accountNamed } from "../bench/bench-chain.ts";
import * as moves from "./moves-model.ts";
import { anyId, anyUser, type Maker, senderFor, signerFor } from "./operation.ts";
import type { Random } from "./random.ts";
import { saltOf, send, type World } from "./world.ts";

const MEMO = saltOf(9);
type Name = "Transfer" | "CreateVoucher" | "DayLimit" | "RotateOwner";

function signing(world: World, id: number, random: Random): moves.Signing {
  return {
    sender: random.chance(50) ? anyUser(world, random) : senderFor(world, id, random),
    signer: senderFor(world, id, random),
    deadline: world.state.now + BigInt(random.below(300) - 10),
    freshNonce: !random.chance(8),
    cleared: !random.chance(10),
  };
}

const keyOf = ({ users }: World, address: Hex): PrivateKeyAccount =>
  users.find((each) => each.address === address) as PrivateKeyAccount;

/** The nonce that the operation names: the next one, or one too many. */
const nonceFor = ({ state }: World, id: number, { freshNonce }: moves.Signing): bigint =>
  (state.accounts.get(id)?.nonce ?? 0n) + (freshNonce ? 0n : 1n);

async function sign<N extends Name>(world: World, how: moves.Signing, name: N, message: OperationMessages[N]) {
  const { chain } = world;
  const clearer = signerFor(world, "clearer", how.cleared);
  const clearance = { operation: operationHash(name, message), deadline: Number(how.deadline) };
  return {
    ownerSignature: await keyOf(world, how.signer).signTypedData(operationTypedData(chain, name, message)),
    clearance: await clearer.signTypedData(clearanceTypedData(chain, clearance)),
  };
}

const sendBy = (world: World, from: Hex, data: Hex) => send(world, { from, to: world.chain.escrow, data });

const transfer: Maker = async (world, random) => {
  const [from, to] = [anyId(world, random), anyId(world, random)];
  const amount = random.amount(world.state.accounts.get(from)?.balance ?? 0n) + BigInt(random.chance(5) ? 1 : 0);
  const how = signing(world, from, random);
  const message = { from, to, amount, memo: MEMO, nonce: nonceFor(world, from, how), deadline: Number(how.deadline) };
  const { ownerSignature, clearance } = await sign(world, how, "Transfer", message);
  const args = [message, ownerSignature, clearance] as const;
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "transfer", args });
  return {
    text: `transfer(${from}, ${to}, ${amount}) ${JSON.stringify(how, (_, each) => String(each))}`,
    model: (state) => moves.transfer(state, { from, to, amount }, how),
    chain: () => sendBy(world, how.sender, data),
  };
};

const voucherKey = (index: number): PrivateKeyAccount => accountNamed(`voucher ${index}`);

const createVoucher: Maker = async (world, random) => {
  const from = anyId(world, random);
  const to = random.chance(60) ? 0 : anyId(world, random);
  const amount = random.amount((world.state.accounts.get(from)?.balance ?? 0n) / 2n);
  const how = signing(world, from, random);
  const { size } = world.state.vouchers;
  const key = voucherKey(random.chance(40) ? random.below(size + 1) : size).address;
  const expiry = world.state.now + BigInt(random.below(4_000_000));
  const order = { from, key, amount, to, expiry: Number(expiry), deadline: Number(how.deadline) };
  const message = { ...order, nonce: nonceFor(world, from, how) };
  const { ownerSignature, clearance } = await sign(world, how, "CreateVoucher", message);
  const args = [order, ownerSignature, clearance] as const;
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "createVoucher", args });
  return {
    text: `createVoucher(${from}, ${key}, ${amount}, ${to}) ${JSON.stringify(how, (_, each) => String(each))}`,
    model: (state) => moves.createVoucher(state, { from, to, amount, key, expiry }, how),
    chain: () => sendBy(world, how.sender, data),
  };
};

const redeemVoucher: Maker = async (world, random) => {
  const index = random.below(world.state.vouchers.size + 1);
  const key = voucherKey(index);
  const { vouchers, closedVouchers } = world.state;
  const voucher = vouchers.get(key.address) ?? { from: 1, to: 0, expiry: 0n, nonce: 0n };
  const { from, expiry, nonce } = (random.chance(30) && closedVouchers.get(key.address)) || voucher;
  const signedFor = voucher.to !== 0 && random.chance(80) ? voucher.to : anyId(world, random);
  const to = random.chance(90) ? signedFor : anyId(world, random);
  const redeem = { key: key.address, to: signedFor, from, expiry: Number(expiry), nonce };
  const signature = await key.signTypedData(operationTypedData(world.chain, "Redeem", redeem));
  const args = [key.address, to, signature] as const;
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "redeemVoucher", args });
  return {
    text: `redeemVoucher(${index}, ${to}), signed for ${signedFor}, of ${from}, nonce ${nonce}`,
    model: (state) => moves.redeemVoucher(state, key.address, to, { to: signedFor, of: { from, expiry, nonce } }),
    chain: () => sendBy(world, anyUser(world, random), data),
  };
};

const reclaimVoucher: Maker = (world, random) => {
  const key = voucherKey(random.below(world.state.vouchers.size + 1)).address;
  const from = world.state.vouchers.get(key)?.from ?? 1;
  const sender = random.chance(60) ? anyUser(world, random) : senderFor(world, from, random);
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "reclaimVoucher", args: [key] });
  return {
    text: `reclaimVoucher(${key}) by ${sender}`,
    model: (state) => moves.reclaimVoucher(state, key, sender),
    chain: () => sendBy(world, sender, data),
  };
};

const rotateOwner: Maker = async (world, random) => {
  const account = anyId(world, random);
  const [how, owner, queue] = [signing(world, account, random), anyUser(world, random), random.chance(60)];
  const message = { account, owner, nonce: nonceFor(world, account, how), deadline: Number(how.deadline) };
  const { ownerSignature, clearance } = await sign(world, how, "RotateOwner", message);
  const newOwner = await keyOf(world, owner).signTypedData(operationTypedData(world.chain, "RotateOwner", message));
  const args = [message, ownerSignature, newOwner, queue ? "0x" : clearance] as const;
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "rotateOwner", args });
  return {
    text: `rotateOwner(${account}, ${owner}, queue ${queue}) ${JSON.stringify(how, (_, each) => String(each))}`,
    model: (state) => moves.rotateOwner(state, { account, owner, queue }, how),
    chain: () => sendBy(world, how.sender, data),
  };
};

const setDayLimit: Maker = async (world, random) => {
  const account = anyId(world, random);
  const how = signing(world, account, random);
  const limit = { account, perDay: random.below(900_000_000), deadline: Number(how.deadline) };
  const { ownerSignature } = await sign(world, how, "DayLimit", { ...limit, nonce: nonceFor(world, account, how) });
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "setDayLimit", args: [limit, ownerSignature] });
  return {
    text: `setDayLimit(${account}, ${limit.perDay}) ${JSON.stringify(how, (_, each) => String(each))}`,
    model: (state) => moves.setDayLimit(state, account, { ...how, perDay: BigInt(limit.perDay) }),
    chain: () => sendBy(world, how.sender, data),
  };
};

const queued: Maker = (world, random) => {
  const waiting = [...world.state.accounts.values()].filter((each) => each.queuedOwner ?? each.queuedDayLimit);
  const id = waiting.length > 0 && random.chance(80) ? random.pick(waiting).id : anyId(world, random);
  const sender = senderFor(world, id, random);
  const { applyOwner, cancelOwner, applyDayLimit } = moves;
  const steps = { applyOwner, cancelOwner, applyDayLimit };
  const functionName = random.pick(["applyOwner", "cancelOwner", "applyDayLimit", "applyDayLimit"] as const);
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName, args: [id] });
  return {
    text: `${functionName}(${id}) by ${sender}`,
    model: (state) => steps[functionName](state, id, sender),
    chain: () => sendBy(world, sender, data),
  };
};

export const moveMakers: Record<string, { make: Maker; weight: number }> = {
  transfer: { make: transfer, weight: 8 },
  createVoucher: { make: createVoucher, weight: 6 },
  redeemVoucher: { make: redeemVoucher, weight: 6 },
  reclaimVoucher: { make: reclaimVoucher, weight: 4 },
  rotateOwner: { make: rotateOwner, weight: 3 },
  setDayLimit: { make: setDayLimit, weight: 4 },
  queued: { make: queued, weight: 5 },
};
