import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { creditEscrowAbi } from "@infr/contracts/abi";
import { settlementTypedData } from "@infr/protocol";
import { openSettledBatches, repriceStatement, verifyAccountFile, verifyReceiptFile } from "@infr/sdk/verify";
import { bytesToHex, createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildBatch } from "../flow/batch/build-batch.ts";
import { credit, newUser, RICH_KEY, registerNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { AT_ONCE, fundPlatform, openOnChain } from "../testing/on-chain.ts";

const CLI = fileURLToPath(new URL("../../../packages/sdk/src/cli/main.ts", import.meta.url));
const REQUESTS = 7;

let api: TestApi;
let buyer: TestUser;
let manager: string;
let folder: string;

beforeAll(async () => {
  api = await startApi();
  folder = await mkdtemp(join(tmpdir(), "infr-verify-"));
  const operator = await newUser(api);
  await registerNode(api, operator, { url: api.node.url, models: ["demo/small", "demo/large"] });
  buyer = await newUser(api);
  await credit(api.sql, buyer.accountId, 10_000_000_000n);
  await fundPlatform(api);
  await openOnChain(api, operator, 5_000_000n);
  await openOnChain(api, buyer, 10_000_000n);
  const payload = { name: "reader", kind: "management" };
  const created = await api.app.inject({ method: "POST", url: "/api/keys", headers: cookie(), payload });
  manager = created.json<{ key: string }>().key;
  for (let n = 1; n <= REQUESTS; n += 1) {
    await buyer.openai.chat.completions.create({
      model: n % 2 === 0 ? "demo/small" : "demo/large",
      messages: [{ role: "user", content: `Write ${n * 11} tokens.` }],
    });
  }
  await buildBatch({ sql: api.sql, chain: api.chain }, AT_ONCE);
}, 60_000);
afterAll(async () => {
  await rm(folder, { recursive: true });
  await api.stop();
});

const cookie = () => ({ cookie: buyer.cookie });

async function get<T = Record<string, unknown>>(url: string): Promise<T> {
  const answer = await api.app.inject({ method: "GET", url, headers: cookie() });
  expect(answer.statusCode, `${url}: ${answer.body.slice(0, 200)}`).toBe(200);
  return answer.json<T>();
}

/** Settles the batch that was built, as the settler would. */
async function settleBuilt(): Promise<void> {
  const [row] = await api.sql`select * from batches where state = 'built'`;
  const { timestamp } = await api.chain.client.getBlock();
  const settler = privateKeyToAccount(RICH_KEY);
  const batch = {
    seq: row?.["seq"],
    prev: row?.["prev"],
    receiptsRoot: row?.["receipts_root"],
    periodEnd: Math.floor(row?.["period_end"].getTime() / 1000),
    deadline: Number(timestamp) + 60,
    debits: bytesToHex(row?.["debits"]),
    credits: bytesToHex(row?.["credits"]),
    referrals: bytesToHex(row?.["referrals"]),
  };
  const signature = await settler.signTypedData(settlementTypedData(api.chain, batch));
  const wallet = createWalletClient({ account: settler, transport: http(api.chain.rpcUrl) });
  const { escrow: address } = api.chain;
  const call = {
    address,
    abi: creditEscrowAbi,
    functionName: "settle",
    args: [batch, signature],
    chain: null,
  } as const;
  const hash = await wallet.writeContract(call);
  expect(await api.chain.client.waitForTransactionReceipt({ hash, checkReplacement: false })).toMatchObject({
    status: "success",
  });
}

/** The command line, in a process of its own. */
async function infr(...words: string[]): Promise<{ code: number; output: string }> {
  const env = { ...process.env, INFR_API_KEY: manager, RPC_URL: api.chain.rpcUrl, ESCROW_ADDRESS: api.chain.escrow };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [CLI, ...words], { env });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

const requestIds = async (): Promise<string[]> => {
  const { usage } = await get<{ usage: Array<{ id: string }> }>("/api/usage");
  return usage.map(({ id }) => id);
};

describe("a receipt", () => {
  test("behavior: before its batch is settled it does not verify yet, and the command line says so", async () => {
    const [id = ""] = await requestIds();
    const { code, output } = await infr("verify", id, "--api", api.origin);
    expect({ code, output }).toMatchObject({ code: 3, output: expect.stringContaining("no settled batch 1") });
    await settleBuilt();
  });

  test("default: each verifies against the chain alone", async () => {
    const batches = await openSettledBatches({ client: api.chain.client, escrow: api.chain.escrow });
    for (const id of await requestIds()) {
      const { ok, checks } = await verifyReceiptFile(await get(`/api/receipts/${id}`), batches);
      expect({ ok, failed: checks.filter((check) => !check.ok) }).toEqual({ ok: true, failed: [] });
    }
  });

  test("behavior: the command line verifies one from the API and keeps it, and refuses the kept one once it is changed", async () => {
    const [id = ""] = await requestIds();
    const path = join(folder, "receipt.json");
    const fetched = await infr("verify", id, "--api", api.origin, "--save", path);
    expect(fetched).toMatchObject({ code: 0, output: expect.stringContaining("It verifies.") });
    expect((await infr("verify", path)).code).toBe(0);
    const text = await readFile(path, "utf8");
    const changed = text.replace(/"completionTokens": (\d+)/, (_, n: string) => `"completionTokens": ${Number(n) - 1}`);
    await writeFile(path, changed);
    const refused = await infr("verify", path);
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining("IT DOES NOT VERIFY") });
  });
});

describe("an account's batch", () => {
  test("default: its pages put together verify against the chain alone", async () => {
    type Page = { receipts: unknown[]; prices: string[]; nextCursor: string | null };
    const first = await get<Page>("/api/batches/1/receipts?limit=3");
    const { nextCursor: _, ...file } = first;
    for (let cursor = first.nextCursor; cursor !== null; ) {
      const page = await get<Page>(`/api/batches/1/receipts?limit=3&cursor=${cursor}`);
      file.receipts.push(...page.receipts);
      file.prices = [...new Set([...file.prices, ...page.prices])];
      cursor = page.nextCursor;
    }
    expect(file.receipts).toHaveLength(REQUESTS);
    const { ok, checks } = await verifyAccountFile(
      file,
      await openSettledBatches({ client: api.chain.client, escrow: api.chain.escrow }),
    );
    expect({ ok, failed: checks.filter((check) => !check.ok) }).toEqual({ ok: true, failed: [] });
  });

  test("behavior: the command line gets and verifies it by the batch's number", async () => {
    const { code, output } = await infr("verify-account", "1", "--api", api.origin, "--json");
    expect({ code, ...(JSON.parse(output) as object) }).toMatchObject({ code: 0, ok: true });
  });

  test("error: 404 for a batch in which one has nothing", async () => {
    const answer = await api.app.inject({ method: "GET", url: "/api/batches/9/receipts", headers: cookie() });
    expect(answer.statusCode).toBe(404);
  });
});

describe("a statement", () => {
  const month = new Date().toISOString().slice(0, 7);

  test("default: it is worked out again to the last nano-dollar, from the file alone", async () => {
    const statement = await get(`/api/statements/${month}.json`);
    const { ok, checks } = repriceStatement(statement);
    expect({ ok, failed: checks.filter((check) => !check.ok) }).toEqual({ ok: true, failed: [] });
    expect(statement).toMatchObject({ usage: { requests: REQUESTS }, movements: { deposits: "10" } });
  });

  test("behavior: a nano-dollar more anywhere is found", async () => {
    const statement = await get(`/api/statements/${month}`);
    const text = JSON.stringify(statement);
    const amounts = [...text.matchAll(/"(\d+\.\d+)"/g)];
    expect(amounts.length).toBeGreaterThan(10);
    for (const { index, 1: amount = "" } of amounts) {
      // What is listed of settled lines is for reading: it is checked with the batch's receipts.
      if (/"(line|platformPaid)":$/.test(text.slice(0, index)) && text.lastIndexOf('"settled"', index) > 0) continue;
      const [whole = "", fraction = ""] = amount.split(".");
      const raised = `${whole}.${fraction.padEnd(9, "0").slice(0, 8)}${fraction.padEnd(9, "0").endsWith("1") ? "2" : "1"}`;
      const changed = `${text.slice(0, index)}"${raised}"${text.slice(index + amount.length + 2)}`;
      expect(repriceStatement(JSON.parse(changed)).ok, `${text.slice(index - 40, index)} ${raised}`).toBe(false);
    }
  });

  test("behavior: the command line gets and keeps it page by page, and works it out again offline", async () => {
    const path = join(folder, "statement.json");
    const fetched = await infr("reprice", month, "--api", api.origin, "--save", path);
    expect(fetched).toMatchObject({ code: 0, output: expect.stringContaining(`${REQUESTS} charges`) });
    expect((await infr("reprice", path)).code).toBe(0);
    await writeFile(path, (await readFile(path, "utf8")).replace('"kind": "infr statement 1"', '"kind": "x"'));
    expect((await infr("reprice", path)).code).toBe(1);
  });

  test.each([
    ["csv", "text/csv; charset=utf-8", "time,kind"],
    ["pdf", "application/pdf", "%PDF-"],
  ])("behavior: as %s it is a file to keep", async (format, type, start) => {
    const answer = await api.app.inject({
      method: "GET",
      url: `/api/statements/${month}.${format}`,
      headers: cookie(),
    });
    expect(answer.headers).toMatchObject({
      "content-type": type,
      "content-disposition": `attachment; filename="infr-${month}.${format}"`,
    });
    expect(answer.body.startsWith(start)).toBe(true);
  });

  test("behavior: the list begins with this month, which is not closed", async () => {
    expect(await get("/api/statements")).toEqual({ statements: [{ month, closed: false }] });
  });
});

describe("infr", () => {
  test.each([
    [["verify"], 2, "Say what to check"],
    [["verify", "/nowhere.json"], 2, "can't be read"],
    [["verify", "--bogus"], 2, "--bogus"],
    [["nothing"], 2, "no command"],
    [["--help"], 0, "infr <command>"],
    [["verify-account", "--help"], 0, "--rpc"],
    [["verify-reserves", "--help"], 0, "--root"],
    [["reprice", "--help"], 0, "--save"],
  ])("error: %j ends with %i", async (words, code, says) => {
    expect(await infr(...words)).toMatchObject({ code, output: expect.stringContaining(says) });
  });
});
