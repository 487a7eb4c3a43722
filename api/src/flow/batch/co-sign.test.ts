import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Batch, settlementTypedData } from "@infr/protocol";
import getPort from "get-port";
import { type Address, padHex, toHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endProcess, spawnTied, waitFor } from "../../../../scripts/process.ts";
import { openDatabase } from "../../db/open.ts";
import { differences } from "../../ledger/store.ts";
import { capture } from "../../testing/captures.ts";
import { AT_ONCE } from "../../testing/on-chain.ts";
import { openAccount, type Settlement, settleAndBook, settler, startSettlement } from "../../testing/settlement.ts";
import { buildBatch } from "./build-batch.ts";
import { type CoSigner, joinSignatures, remoteCoSigner, type Signed } from "./co-signature.ts";
import { BatchRefusedError } from "./recompute-batch.ts";
import { signBatch } from "./sign-batch.ts";

const cosignerKey = generatePrivateKey();
const cosigner = privateKeyToAccount(cosignerKey);
let world: Settlement;
let coSigner: CoSigner;
let stop: () => Promise<void>;
let roleUrl: string;
let buyer: string;
let operator: string;

const ownerOf = (n: number): Address => padHex(toHex(0xc0_5000 + n), { size: 20 });

beforeAll(async () => {
  world = await startSettlement({ cosigner: cosigner.address });
  [buyer, operator] = [
    await openAccount(world, { owner: ownerOf(1) }),
    await openAccount(world, { owner: ownerOf(2) }),
  ];
  const role = `cosigner_${cosignerKey.slice(2, 12)}`;
  await world.sql.unsafe(`create role ${role} login`);
  await world.sql`select grant_cosigner(${role})`;
  roleUrl = world.url.replace(/\/\/[^@]*@/, `//${role}@`);
  const port = await getPort();
  const { chain, usdc } = world;
  const child = spawnTied([process.execPath, "api/src/cosigner.ts"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: roleUrl,
      RPC_URL: chain.rpcUrl,
      CHAIN_ID: String(chain.chainId),
      ESCROW_ADDRESS: chain.escrow,
      USDC_ADDRESS: usdc,
      COSIGNER_KEY: cosignerKey,
      LOG_LEVEL: "silent",
      PORT: String(port),
    },
  });
  const url = `http://127.0.0.1:${port}`;
  stop = async () => {
    await endProcess(child, { graceMs: 10_000 });
    await world.stop();
    const admin = openDatabase({ url: world.url.replace(/\/[^/]*$/, "/postgres"), connections: 1 });
    await admin.unsafe(`drop role ${role}`);
    await admin.end();
  };
  await waitFor({ what: "the co-signer", timeoutMs: 30_000, check: async () => (await fetch(`${url}/health`)).ok });
  coSigner = remoteCoSigner(url);
});
afterAll(() => stop());

const sign = () => signBatch({ ...world, settler, coSigner });
let rounds = 0;
/** A batch with captures of two accounts, and one capture more that waits for its operator's account. */
async function build(): Promise<void> {
  rounds += 1;
  const name = `${rounds}`;
  await capture(world.sql, { accountId: buyer, operatorId: operator, count: 5, cost: 40_000n, name });
  await capture(world.sql, { accountId: operator, operatorId: buyer, count: 3, cost: 21_000n, name });
  expect(await buildBatch(world, AT_ONCE)).toBeGreaterThan(0);
}

/** Changes rows as nobody may: with the database's own guards off. */
async function tamper(statement: string): Promise<void> {
  await world.sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx.unsafe(statement);
  });
}

const newest = "(select max(batch_id) from batches)";
const one = `(select request_id from usage where account_id = '$buyer' and batch_id = ${newest} order by 1 limit 1)`;

describe("coSign", () => {
  test("default: what both have signed is settled", async () => {
    await build();
    await sign();
    await settleAndBook(world);
    expect(await differences(world.sql)).toEqual([]);
  });

  test("error: the contract refuses either signature alone", async () => {
    await build();
    const seen: Array<{ batch: Batch; other: Signed }> = [];
    const watched: CoSigner = async (batch) => {
      const other = await coSigner(batch);
      seen.push({ batch, other });
      return other;
    };
    await signBatch({ ...world, settler, coSigner: watched });
    const [{ batch, other } = { batch: null, other: null }] = seen;
    if (!batch) throw new Error("the co-signer was not asked");
    const domain = { chainId: world.chain.chainId, escrow: world.chain.escrow };
    const own = {
      signer: settler.address,
      signature: await settler.signTypedData(settlementTypedData(domain, batch)),
    };
    const alone = [own, other].flatMap((signed) => [
      signed.signature,
      joinSignatures([signed]),
      joinSignatures([signed, signed]),
    ]);
    for (const signature of alone) {
      const call = world.chain.client.simulateContract({
        address: world.chain.escrow,
        abi: creditEscrowAbi,
        functionName: "settle",
        args: [batch, signature],
      });
      await expect(call).rejects.toMatchObject({ cause: { data: { errorName: "InvalidSignature" } } });
    }
    await settleAndBook(world);
  });

  test.each([
    [
      "a changed line",
      `update batches set debits = set_byte(debits, 8, get_byte(debits, 8) # 1) where batch_id = ${newest}`,
      "",
    ],
    ["a changed root", `update batches set receipts_root = '0x${"1".repeat(64)}' where batch_id = ${newest}`, ""],
    ["an added referral", `update batches set referrals = debits where batch_id = ${newest}`, ""],
    [
      "a period that is over too soon",
      `update batches set period_end = period_end - interval '1 hour' where batch_id = ${newest}`,
      "",
    ],
    ["a missing capture", `update usage set batch_id = null where request_id = ${one}`, ""],
    [
      "an added capture",
      `insert into usage select (u).* from (select jsonb_populate_record(u, jsonb_build_object('request_id', 'req_added')) as u from usage u where request_id = ${one}) u`,
      `delete from usage where request_id = 'req_added'`,
    ],
    [
      "a changed price",
      "update prices set completion_nano = completion_nano + 1",
      "update prices set completion_nano = completion_nano - 1",
    ],
    [
      "a price that its capture was changed to fit",
      "update prices set completion_nano = 2000; update usage set completion_nano = completion_nano * 2, cost_nano = cost_nano * 2",
      "update prices set completion_nano = 1000; update usage set completion_nano = completion_nano / 2, cost_nano = cost_nano / 2",
    ],
    [
      "a wrong cost",
      `update usage set completion_nano = completion_nano + 1000, cost_nano = cost_nano + 1000 where request_id like 'req_%1'`,
      `update usage set completion_nano = completion_nano - 1000, cost_nano = cost_nano - 1000 where request_id like 'req_%1'`,
    ],
    [
      "another operator's capture",
      `update usage set operator_id = account_id where request_id like 'req_%1'`,
      `update usage set operator_id = case account_id when '$buyer' then '$operator' else '$buyer' end where request_id like 'req_%1'`,
    ],
  ])("error: BatchRefusedError for %s, and its captures go into a batch that is right", async (_, change, undo) => {
    const named = (text: string) => text.replaceAll("$buyer", buyer).replaceAll("$operator", operator);
    await build();
    await tamper(named(change));
    await expect(sign()).rejects.toBeInstanceOf(BatchRefusedError);
    if (undo !== "") await tamper(named(undo));
    expect(await buildBatch(world, AT_ONCE)).toBe(8);
    await sign();
    await settleAndBook(world);
    expect(await differences(world.sql)).toEqual([]);
  });

  test("error: BatchRefusedError for what is not the contract's next batch, or is signed for too long", async () => {
    await build();
    const refused: unknown[] = [];
    const asking =
      (change: object): CoSigner =>
      async (batch) => {
        refused.push(await coSigner({ ...batch, ...change }).catch((error: unknown) => error));
        return coSigner(batch);
      };
    const { timestamp } = await world.chain.client.getBlock();
    const changes = [{ seq: 9_999n }, { prev: `0x${"2".repeat(64)}` }, { deadline: Number(timestamp) + 700 }];
    await signBatch({
      ...world,
      settler,
      coSigner: changes.reduce<CoSigner>(
        (next, change) => async (batch) => {
          await asking(change)(batch);
          return next(batch);
        },
        coSigner,
      ),
    });
    expect(refused).toHaveLength(3);
    for (const error of refused) expect(error).toBeInstanceOf(BatchRefusedError);
    await settleAndBook(world);
  });

  test("behavior: its role reads what a batch is made of, and can neither write nor read anything else", async () => {
    const role = openDatabase({ url: roleUrl, connections: 1 });
    expect((await role`select from usage`).length).toBeGreaterThan(0);
    for (const statement of ["update batches set state = 'voided'", "insert into referrals values ('a', 'b')"]) {
      await expect(role.unsafe(statement)).rejects.toMatchObject({ code: "42501" });
    }
    for (const table of ["api_keys", "sessions", "entries"]) {
      await expect(role`select from ${role(table)}`).rejects.toMatchObject({ code: "42501" });
    }
    await role.end();
  });
});
