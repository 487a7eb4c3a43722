import fc from "fast-check";
import { ContractFunctionExecutionError, createPublicClient, http } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SettledWorld, settleWorld } from "../testing/settled-world.ts";
import { MalformedFileError, NotSettledError } from "./errors.ts";
import { openSettledBatches, type SettledBatches } from "./settled-batches.ts";
import { verifyAccountFile } from "./verify-account.ts";
import { verifyReceiptFile } from "./verify-receipt.ts";

let world: SettledWorld;
let batches: SettledBatches;

beforeAll(async () => {
  world = await settleWorld({ buyers: 5, receipts: 7 });
  batches = await open(createPublicClient({ transport: http(world.rpcUrl), cacheTime: 0 }));
}, 60_000);
afterAll(() => world.stop());

type Client = Parameters<typeof openSettledBatches>[0]["client"];
const open = (client: Client) => openSettledBatches({ client, escrow: world.escrow });

/** Whether text verifies as one kind of file; what can't be read does not. */
async function verifies(text: string, verify: typeof verifyReceiptFile | typeof verifyAccountFile): Promise<boolean> {
  try {
    return (await verify(JSON.parse(text), batches)).ok;
  } catch (error) {
    if (error instanceof MalformedFileError || error instanceof NotSettledError || error instanceof SyntaxError) {
      return false;
    }
    throw error;
  }
}

/** The same bytes with one bit the other way round, read as a program reads a file. */
function flipBit(text: string, bit: number): string {
  const bytes = new TextEncoder().encode(text);
  const index = Math.floor(bit / 8);
  bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit % 8));
  return new TextDecoder().decode(bytes);
}

/** Every place of a file that has a value, as a path. */
function leavesOf(value: unknown, path: Array<string | number> = []): Array<Array<string | number>> {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, each]) => leavesOf(each, [...path, name]));
}

function replaceAt(file: object, path: Array<string | number>, change: (value: unknown) => unknown): object {
  const copy = structuredClone(file) as Record<string | number, unknown>;
  const parent = path.slice(0, -1).reduce((place, name) => place[name] as typeof copy, copy);
  const last = path.at(-1) ?? "";
  parent[last] = change(parent[last]);
  return copy;
}

describe("verifyReceiptFile", () => {
  test("default: every receipt of the batch verifies, whichever product and whoever paid", async () => {
    for (let account = 3; account < 8; account += 1) {
      for (let index = 0; index < 7; index += 1) {
        const { ok, checks } = await verifyReceiptFile(world.receiptFile(account, index), batches);
        expect({ ok, failed: checks.filter((check) => !check.ok) }).toEqual({ ok: true, failed: [] });
      }
    }
  });

  test("behavior: with any one bit of the file flipped it does not verify", async () => {
    const text = JSON.stringify(world.receiptFile(4, 2));
    const passed: number[] = [];
    for (let bit = 0; bit < text.length * 8; bit += 1) {
      if (await verifies(flipBit(text, bit), verifyReceiptFile)) passed.push(bit);
    }
    expect(passed).toEqual([]);
  }, 120_000);

  test("behavior: with any one field of the file changed it does not verify", async () => {
    const file = world.receiptFile(7, 4);
    for (const path of leavesOf(file)) {
      const changed = replaceAt(file, path, (value) => (typeof value === "number" ? value + 1 : `${String(value)}0`));
      const removed = replaceAt(file, path, () => undefined);
      const field = path.join(".");
      const results = [
        await verifies(JSON.stringify(changed), verifyReceiptFile),
        await verifies(JSON.stringify(removed), verifyReceiptFile),
      ];
      expect({ field, results }).toEqual({ field, results: [false, false] });
    }
    const more = JSON.stringify({ ...file, note: "believe me" });
    expect(await verifies(more, verifyReceiptFile)).toBe(false);
  });

  test("behavior: another account's receipt does not verify under one's own leaf, nor another escrow's at all", async () => {
    const [own, other] = [world.receiptFile(3, 0), world.receiptFile(4, 0)] as [object, object];
    expect(await verifies(JSON.stringify({ ...own, ref: Reflect.get(other, "ref") }), verifyReceiptFile)).toBe(false);
    const elsewhere = await openSettledBatches({ client: batches.client, escrow: world.usdc });
    await expect(verifyReceiptFile(own, elsewhere)).rejects.toThrow(ContractFunctionExecutionError);
  });

  test("error: NotSettledError for a batch that the chain does not have", async () => {
    await expect(verifyReceiptFile({ ...world.receiptFile(3, 0), seq: 2 }, batches)).rejects.toThrow(NotSettledError);
  });
});

describe("verifyAccountFile", () => {
  test("default: all charges of each account come to its line", async () => {
    for (let account = 3; account < 8; account += 1) {
      const { ok, checks } = await verifyAccountFile(world.accountFile(account), batches);
      expect({ ok, failed: checks.filter((check) => !check.ok) }).toEqual({ ok: true, failed: [] });
    }
  });

  test("behavior: with any one bit of the file flipped it does not verify", async () => {
    const text = JSON.stringify(world.accountFile(5));
    const bits = fc.integer({ min: 0, max: text.length * 8 - 1 });
    await fc.assert(
      fc.asyncProperty(bits, async (bit) => {
        expect(await verifies(flipBit(text, bit), verifyAccountFile)).toBe(false);
      }),
      { numRuns: 3_000 },
    );
  }, 120_000);

  test("behavior: with a receipt left out, added or repeated it does not verify", async () => {
    type File = { receipts: object[] };
    const file = world.accountFile(5) as File;
    const foreign = (world.accountFile(6) as File).receipts[0] as object;
    const altered = [file.receipts.slice(1), [...file.receipts, foreign], [...file.receipts, file.receipts[0]]];
    for (const receipts of altered) {
      expect(await verifies(JSON.stringify({ ...file, receipts }), verifyAccountFile)).toBe(false);
    }
  });
});

describe("openSettledBatches", () => {
  /** A client whose RPC changes what it is asked for: one bit of one hexadecimal string in one answer. */
  function tampered(pick: { method: string; nth: number; bit: number }): { client: Client; seen: () => boolean } {
    let asked = 0;
    let changed = false;
    const honest: Client = http(world.rpcUrl)({});
    const request: Client["request"] = async (call) => {
      const answer = await honest.request(call);
      if (call.method !== pick.method) return answer;
      asked += 1;
      if (asked !== pick.nth) return answer;
      changed = true;
      return flipIn(answer, pick.bit);
    };
    return { client: { request }, seen: () => changed };
  }

  /** Flips a bit in a call's answer, or in what a log says: its address, topics, or data. */
  function flipIn(answer: unknown, bit: number): unknown {
    if (typeof answer === "string") return flipHex(answer, bit);
    const [log, ...more] = answer as Array<{ address: string; topics: string[]; data: string }>;
    if (!log) return answer;
    const texts = [log.address, ...log.topics, log.data];
    const bits = texts.map((text) => (text.length - 2) * 4);
    let rest = bit % bits.reduce((sum, each) => sum + each, 0);
    const at = bits.findIndex((each) => {
      if (rest < each) return true;
      rest -= each;
      return false;
    });
    texts[at] = flipHex(texts[at] ?? "0x", rest);
    const [address, topic0, topic1, topic2, data] = texts;
    return [{ ...log, address, topics: [topic0, topic1, topic2], data }, ...more];
  }

  function flipHex(text: string, bit: number): string {
    const place = 2 + (Math.floor(bit / 4) % (text.length - 2));
    const digit = (Number.parseInt(text.charAt(place), 16) ^ (1 << (bit % 4))).toString(16);
    return text.slice(0, place) + digit + text.slice(place + 1);
  }

  test("behavior: with one bit flipped in an answer of the RPC no receipt verifies, or the bit was one that is not read", async () => {
    const file = world.receiptFile(4, 3);
    const honest = (await verifyReceiptFile(file, batches)).batch;
    const picks = fc.record({
      method: fc.constantFrom("eth_call", "eth_getLogs", "eth_chainId"),
      nth: fc.integer({ min: 1, max: 2 }),
      bit: fc.nat({ max: 20_000 }),
    });
    const counts = { changed: 0, refused: 0 };
    const property = fc.asyncProperty(picks, async (pick) => {
      const { client, seen } = tampered(pick);
      const result = await open(client)
        .then((source) => verifyReceiptFile(file, source))
        .catch(() => null);
      if (!seen()) return;
      counts.changed += 1;
      // The platform's share and the padding of an event are not read: they are no part of what was signed.
      if (result?.ok) expect(result.batch).toEqual(honest);
      else counts.refused += 1;
    });
    await fc.assert(property, { numRuns: 50 });
    expect(counts.changed).toBeGreaterThan(25);
    expect(counts.refused / counts.changed).toBeGreaterThan(0.6);
  }, 120_000);

  test("behavior: a bit flipped in any digit of root or digest, or of who says it, is refused", async () => {
    const file = world.receiptFile(4, 3);
    const [call, log] = [
      { method: "eth_call", nth: 1 },
      { method: "eth_getLogs", nth: 1 },
    ];
    // A call answers digest and time, a log has address, three topics of which the last is the root, then the digest.
    const places = [
      ...Array.from({ length: 64 }, (_, index) => ({ ...call, bit: index * 4 })),
      ...Array.from({ length: (20 + 4 * 32) * 2 }, (_, index) => ({ ...log, bit: index * 4 + (index % 4) })),
    ];
    // One place in six of each run, another one every time; ALL_BITS=1 takes all.
    const first = process.env["ALL_BITS"] ? null : Math.floor(Math.random() * 6);
    for (const place of places.filter((_, at) => first === null || at % 6 === first)) {
      const { client, seen } = tampered(place);
      const ok = await open(client)
        .then((source) => verifyReceiptFile(file, source))
        .then((result) => result.ok)
        .catch(() => false);
      expect({ ok, seen: seen(), ...place }).toEqual({ ok: false, seen: true, ...place });
    }
  }, 120_000);
});
