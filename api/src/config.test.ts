import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConfigError, environmentSchema, readConfig } from "./config.ts";

const KEY = `0x${"1".repeat(64)}`;
const ADDRESS = `0x${"a".repeat(40)}`;
const least = { DATABASE_URL: "postgres://x", RPC_URL: "http://x", ESCROW_ADDRESS: ADDRESS, USDC_ADDRESS: ADDRESS };

describe("readConfig", () => {
  test("default: four variables are enough, the rest has sensible values", () => {
    expect(readConfig(least)).toMatchObject({ chainId: 8453, dev: false, allowPrivateNodes: false, settler: null });
  });

  test.each([
    [{ DATABASE_URL: undefined }, "DATABASE_URL"],
    [{ PORT: "99999" }, "PORT"],
    [{ SETTLER_KEY: "0x12" }, "SETTLER_KEY"],
    [{ DEV: "maybe" }, "DEV"],
    [{ FLUSH_USD: "-1" }, "FLUSH_USD"],
  ])("error: %j names its variable", (change, name) => {
    expect(() => readConfig({ ...least, ...change })).toThrow(name);
  });

  test("behavior: keys of the environment are read as they stand", () => {
    expect(readConfig({ ...least, SETTLER_KEY: KEY }).settler).toEqual({ kind: "key", privateKey: KEY });
  });

  test("behavior: a key is kept in one of three places", () => {
    const keystore = { SETTLER_KEYSTORE: "/run/key.json", SETTLER_KEYSTORE_PASSWORD_FILE: "/run/password" };
    expect(readConfig({ ...least, ...keystore }).settler).toEqual({
      kind: "keystore",
      file: "/run/key.json",
      passwordFile: "/run/password",
    });
    expect(readConfig({ ...least, RELAYER_KMS_KEY_ID: "alias/relayer" }).relayer).toEqual({
      kind: "kms",
      keyId: "alias/relayer",
    });
  });

  test.each([
    { SETTLER_KEY: KEY, SETTLER_KMS_KEY_ID: "alias/settler" },
    { RELAYER_KEYSTORE: "/run/key.json" },
    { RELAYER_KEYSTORE_PASSWORD_FILE: "/run/password" },
    { CUSTODIAN_KEY: KEY, CUSTODIAN_KMS_KEY_ID: "alias/custodian" },
  ])("error: ConfigError when a key is in two places, or a keystore without its password: %j", (change) => {
    expect(() => readConfig({ ...least, ...change })).toThrow(ConfigError);
  });
});

test("behavior: low balances are amounts, and web push takes its three variables together", () => {
  expect(readConfig({ ...least, LOW_BALANCE_USD: "20,0.5" }).warnings.thresholds).toEqual([
    20_000_000_000n,
    500_000_000n,
  ]);
  expect(readConfig({ ...least, LOW_BALANCE_USD: "" }).warnings.thresholds).toEqual([]);
  expect(() => readConfig({ ...least, LOW_BALANCE_USD: "5;1" })).toThrow("LOW_BALANCE_USD");
  expect(() => readConfig({ ...least, VAPID_PRIVATE_KEY: "x".repeat(43) })).toThrow(ConfigError);
});

test(".env.example names every variable, with its default, and says what it is for", () => {
  const example = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");
  for (const [name, schema] of Object.entries(environmentSchema.properties)) {
    const { description, default: value = "" } = schema as object as { description: string; default?: unknown };
    expect(example).toContain(`# ${description}\n${name}=${String(value)}\n`);
  }
});
