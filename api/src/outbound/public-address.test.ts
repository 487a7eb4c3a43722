import type { LookupAddress } from "node:dns";
import { describe, expect, test } from "vitest";
import { callNode, NodeFailedError, openNodeAgent } from "../inference/call-node.ts";
import { isPublicAddress, PrivateAddressError, publicLookup } from "./public-address.ts";

describe("isPublicAddress", () => {
  test.each(["1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111"])("default: %s", (address) =>
    expect(isPublicAddress(address)).toBe(true),
  );
  test.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:1.1.1.1",
    "64:ff9b::7f00:1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "not an address",
    "",
  ])("error: %s", (address) => expect(isPublicAddress(address)).toBe(false));
});

describe("publicLookup", () => {
  const find = (addresses: string[], all: boolean) =>
    new Promise((resolve, reject) => {
      const found = addresses.map((address): LookupAddress => ({ address, family: address.includes(":") ? 6 : 4 }));
      publicLookup((_name, _options, callback) => callback(null, found))("node.example", { all }, (error, address) =>
        error ? reject(error) : resolve(address),
      );
    });

  test("default: what was checked is what is connected to", async () => {
    expect(await find(["1.1.1.1"], false)).toBe("1.1.1.1");
    expect(await find(["1.1.1.1", "2606:4700::1"], true)).toEqual([
      { address: "1.1.1.1", family: 4 },
      { address: "2606:4700::1", family: 6 },
    ]);
  });

  test.each([[["127.0.0.1"]], [["1.1.1.1", "10.0.0.1"]], [["1.1.1.1", "::1"]], [[]]])(
    "error: %j",
    async (addresses) => {
      await expect(find(addresses, true)).rejects.toBeInstanceOf(PrivateAddressError);
      await expect(find(addresses, false)).rejects.toBeInstanceOf(PrivateAddressError);
    },
  );
});

describe("openNodeAgent", () => {
  test.each(["http://localhost:9", "http://127.0.0.1:9", "http://[::1]:9", "http://[::ffff:127.0.0.1]:9"])(
    "error: %s is not connected to",
    async (url) => {
      const agent = openNodeAgent();
      const error: unknown = await callNode({
        agent,
        url,
        path: "/v1/chat/completions",
        body: { model: "m" },
        signal: AbortSignal.timeout(5_000),
      }).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(NodeFailedError);
      expect((error as Error).cause).toBeInstanceOf(PrivateAddressError);
      await agent.close();
    },
  );
});
