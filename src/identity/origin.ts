import { BlockList, isIP } from "node:net";
import { AppError } from "../platform/errors.ts";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Where the console is reached. */
export interface Site {
  /** The address people use, such as `https://awooop.example`. */
  publicUrl: string;
  /** The address the server is bound to. */
  host: string;
}

function hostnameOf(host: string): string | undefined {
  return URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$|\.$/g, "");
}

/**
 * Refuses a browser request under a host name that is not ours: with DNS rebinding another site's name can point at
 * this server, and its pages would then count as same-origin. (An address can't be rebound, so a server bound to
 * every address accepts any.)
 *
 * @throws AppError E-HOST
 */
export function assertOwnHost(headers: Headers, site: Site): void {
  const name = hostnameOf(headers.get("host") ?? "");
  if (name !== undefined && isOwnHost(name, site)) return;
  throw new AppError(
    "E-HOST",
    `The console is not served under the host "${headers.get("host") ?? ""}"; open it at ${site.publicUrl}, or set AWOOOP_PUBLIC_URL to the address people use.`,
  );
}

function isOwnHost(name: string, site: Site): boolean {
  const family = isIP(name);
  if (family !== 0) {
    const anyAddress = site.host === "0.0.0.0" || site.host === "::";
    if (anyAddress || loopback.check(name, family === 4 ? "ipv4" : "ipv6")) return true;
  }
  return (
    name === "localhost" || name === hostnameOf(new URL(site.publicUrl).host) || name === site.host
  );
}

/**
 * Refuses a request that changes something unless the browser says it comes from our own pages, by Fetch Metadata
 * (`Sec-Fetch-Site`) or else by `Origin` (RFC 6454). Cookies travel with requests that other sites cause.
 *
 * @throws AppError E-ORIGIN
 */
export function assertOwnOrigin(request: Request, site: Site): void {
  if (SAFE_METHODS.has(request.method)) return;
  const fetchSite = request.headers.get("sec-fetch-site");
  const origin = request.headers.get("origin");
  const own =
    fetchSite === null
      ? origin !== null && isOwnOrigin(origin, request, site)
      : fetchSite === "same-origin";
  if (own) return;
  throw new AppError(
    "E-ORIGIN",
    "A request that changes something must come from the console's own pages when it is signed in by a cookie; programs send a key instead.",
  );
}

function isOwnOrigin(origin: string, request: Request, site: Site): boolean {
  const url = URL.parse(origin);
  if (!url) return false;
  return url.origin === new URL(site.publicUrl).origin || url.host === request.headers.get("host");
}

/** Whether a browser sent this: programs send neither header. */
export function isFromBrowser(request: Request): boolean {
  return request.headers.has("origin") || request.headers.has("sec-fetch-site");
}
