import { TransactionReceiptNotFoundError } from "viem";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { ChainReader } from "./advance.ts";
import { type FlowState, IDLE } from "./flow-state.ts";

const answers = vi.fn<(request: Request) => unknown>();
vi.stubGlobal("window", { sessionStorage: { getItem: () => null }, location: { origin: "http://localhost:3000" } });
vi.stubGlobal("fetch", async (request: Request) => Response.json(answers(request)));
const { advance } = await import("./advance.ts");

const HASH = "0x12";
const submitted: FlowState = { ...IDLE, stage: "submitted", hash: HASH, sender: "0x34", nonce: 7 };
const missing = () => Promise.reject(new TransactionReceiptNotFoundError({ hash: HASH }));

const getTransactionReceipt = vi.fn();
const getTransaction = vi.fn();
const getTransactionCount = vi.fn();
const chain = { getTransactionReceipt, getTransaction, getTransactionCount } as unknown as ChainReader;

beforeEach(() => {
  vi.resetAllMocks();
});

describe("advance", () => {
  test("default: mined is confirmed", async () => {
    getTransactionReceipt.mockResolvedValue({ status: "success" });
    expect(await advance(submitted, chain)).toMatchObject({ stage: "confirmed", hash: HASH });
  });

  test("behavior: what books no credit is done when it is mined", async () => {
    getTransactionReceipt.mockResolvedValue({ status: "success" });
    expect((await advance({ ...submitted, booksCredit: false }, chain)).stage).toBe("done");
  });

  test("behavior: reverted is failed", async () => {
    getTransactionReceipt.mockResolvedValue({ status: "reverted" });
    expect((await advance(submitted, chain)).stage).toBe("failed");
  });

  test("behavior: nothing new is the same object", async () => {
    getTransactionReceipt.mockImplementation(missing);
    getTransactionCount.mockResolvedValue(7);
    expect(await advance(submitted, chain)).toBe(submitted);
  });

  test("behavior: the nonce is learned as soon as a node knows the transaction", async () => {
    getTransactionReceipt.mockImplementation(missing);
    getTransaction.mockResolvedValue({ nonce: 7 });
    expect(await advance({ ...submitted, nonce: null }, chain)).toEqual(submitted);
  });

  test("behavior: a used nonce without a receipt is a replaced transaction", async () => {
    getTransactionReceipt.mockImplementation(missing);
    getTransactionCount.mockResolvedValue(8);
    expect((await advance(submitted, chain)).stage).toBe("failed");
  });

  test("behavior: a receipt that comes between the two questions is not a replacement", async () => {
    getTransactionReceipt.mockImplementationOnce(missing).mockResolvedValueOnce({ status: "success" });
    getTransactionCount.mockResolvedValue(8);
    expect((await advance(submitted, chain)).stage).toBe("confirmed");
  });

  test("error: a node that does not answer changes nothing and is asked again", async () => {
    getTransactionReceipt.mockRejectedValue(new Error("offline"));
    await expect(advance(submitted, chain)).rejects.toThrow("offline");
  });

  test("behavior: the API's answer counts for what the API sends, whatever the first hash was", async () => {
    const relayed: FlowState = { ...IDLE, stage: "submitted", relayId: "tx_1" };
    answers.mockReturnValueOnce({ state: "queued", hash: null, error: null });
    expect(await advance(relayed, chain)).toBe(relayed);
    answers.mockReturnValueOnce({ state: "mined", hash: HASH, error: null });
    expect(await advance(relayed, chain)).toMatchObject({ stage: "confirmed", hash: HASH });
    answers.mockReturnValueOnce({ state: "failed", hash: null, error: "Nonce used." });
    expect(await advance(relayed, chain)).toMatchObject({ stage: "failed", error: "Nonce used." });
  });

  test("behavior: credited is what the API has booked from this transaction", async () => {
    const confirmed: FlowState = { ...submitted, stage: "confirmed" };
    answers.mockReturnValueOnce({ deposits: [{ transactionHash: "0x99" }] });
    expect(await advance(confirmed, chain)).toBe(confirmed);
    answers.mockReturnValueOnce({ deposits: [{ transactionHash: "0x12" }] });
    expect((await advance(confirmed, chain)).stage).toBe("credited");
  });
});
