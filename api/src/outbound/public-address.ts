import { type LookupAddress, lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { InfrError } from "../errors.ts";

/** A name that somebody gave us leads to an address that is not on the public Internet. */
export class PrivateAddressError extends InfrError {
  readonly code = "private_address";
  readonly status = 422;
  override readonly param = "url";

  constructor(name: string) {
    super(`${name.slice(0, 253)} does not lead to a public address. Name a public host.`);
  }
}

/** IANA special-purpose registries (RFC 6890): private, loopback, link-local, CGNAT, tests, multicast, metadata. */
const special = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const) {
  special.addSubnet(network, bits, "ipv4");
}
/** Inside 2000::/3: Teredo and other protocols, documentation, 6to4 (it wraps any IPv4 address). */
for (const [network, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  special.addSubnet(network, bits, "ipv6");
}
/** The only block that IPv6 hands out: mapped (::ffff:0:0/96), translated, local and multicast lie outside. */
const unicast = new BlockList();
unicast.addSubnet("2000::", 3, "ipv6");

/** Whether an address is one that anybody on the Internet could reach. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !special.check(address, "ipv4");
  return version === 6 && unicast.check(address, "ipv6") && !special.check(address, "ipv6");
}

type Resolve = (
  name: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** A `lookup` for sockets that finds public addresses only: what was checked is what is connected to. */
export const publicLookup =
  (resolve: Resolve = lookup): LookupFunction =>
  (name, options, callback) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error) callback(error, "", 0);
      else if (!first || !addresses.every(({ address }) => isPublicAddress(address))) {
        callback(new PrivateAddressError(name), "", 0);
      } else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
