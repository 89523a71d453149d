import { lookup as resolve } from "node:dns";
import { lookup } from "node:dns/promises";
import { BlockList, isIP, type LookupFunction } from "node:net";

const PRIVATE_IPV4: readonly [network: string, prefix: number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["168.63.129.16", 32], // Azure's own services, at an address that looks public
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/**
 * All but 2000::/3, the only part that is given out for public addresses; and in it what carries an IPv4 address inside or
 * is for documents. So loopback, IPv4-mapped and translated (NAT64) addresses, unique local, link-local and multicast ones
 * are refused whole: nobody needs them here.
 */
const PRIVATE_IPV6: readonly [network: string, prefix: number][] = [
  ["::", 3],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
  ["4000::", 2],
  ["8000::", 1],
];

/** One list each: in a common one an IPv4 address would also be held against ::/3, in its IPv4-mapped form. */
const ranges = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, prefix] of PRIVATE_IPV4) ranges.ipv4.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of PRIVATE_IPV6) ranges.ipv6.addSubnet(network, prefix, "ipv6");

/**
 * Whether an IP address is not a public one: loopback, private, link-local, shared, multicast, reserved
 * (IANA special-purpose address registries, RFC 6890). A text that is no IP address counts as private.
 */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const family = isIP(bare);
  if (family === 0) return true;
  const kind = family === 4 ? "ipv4" : "ipv6";
  return ranges[kind].check(bare, kind);
}

/**
 * Whether the operator allowed this host by name, whatever its address is.
 *
 * @param allowHosts entries such as `tools.internal`, `127.0.0.1`, `[::1]` or, for one port only, `localhost:9000`
 */
export function isAllowedHost(url: URL, allowHosts: readonly string[]): boolean {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const host = url.hostname.toLowerCase();
  const names = new Set([host, host.replace(/^\[|\]$/g, ""), `${host}:${port}`]);
  return allowHosts.some((entry) => names.has(entry.trim().toLowerCase()));
}

/**
 * What an HTTP request to the URL must be made with so that it reaches public addresses and allowed hosts only. Names
 * are resolved and checked in one step: the address checked is the address connected to (no DNS rebinding).
 *
 * @param refuse makes the error for a host; thrown here for a literal address, given to the request for a name
 */
export function guardedConnection(
  url: URL,
  allowHosts: readonly string[],
  refuse: (host: string) => Error,
): { lookup?: LookupFunction } {
  if (isAllowedHost(url, allowHosts)) return {};
  const bare = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(bare) !== 0 && isPrivateAddress(bare)) throw refuse(url.hostname);
  return { lookup: publicLookup(refuse) };
}

/**
 * The address to connect to, where the protocol is not HTTP: a public one, or any if the host is allowed. It has to be
 * connected to by this address, so that what was checked is what is reached.
 *
 * @param host a name or an address, without brackets
 * @throws what `refuse` makes for a host that is not allowed
 */
export async function addressOf(
  host: string,
  port: number,
  allowHosts: readonly string[],
  refuse: (host: string) => Error,
): Promise<string> {
  const url = new URL(`http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
  const addresses = await lookup(host, { all: true });
  const first = addresses[0];
  const isAllowed = isAllowedHost(url, allowHosts);
  if (!first || (!isAllowed && addresses.some(({ address }) => isPrivateAddress(address))))
    throw refuse(host);
  return first.address;
}

function publicLookup(refuse: (host: string) => Error): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "", 0);
      const first = addresses[0];
      if (!first || addresses.some(({ address }) => isPrivateAddress(address))) {
        return callback(refuse(hostname), "", 0);
      }
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}
