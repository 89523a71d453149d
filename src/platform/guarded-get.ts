import http from "node:http";
import https from "node:https";
import { guardedConnection } from "./net.ts";

export interface GuardedGet {
  /** Hosts that may have private addresses. */
  allowHosts: readonly string[];
  /** The longest body, in bytes. */
  mostBytes: number;
  signal: AbortSignal;
}

/**
 * Gets a small JSON document over HTTP: no redirects, public addresses and allowed hosts only.
 *
 * @throws Error when there is no answer, or its body is too long
 */
export async function guardedGet(
  url: URL,
  options: GuardedGet,
): Promise<{ status: number; body: string }> {
  const connection = guardedConnection(url, options.allowHosts, refused);
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const sent = (url.protocol === "https:" ? https : http).request(url, {
    headers: { accept: "application/json", "user-agent": "AwoooP" },
    agent: false,
    signal: options.signal,
    ...connection,
  });
  sent.on("error", reject);
  sent.once("response", (response) => {
    const parts: Buffer[] = [];
    let size = 0;
    response.on("error", reject);
    response.on("data", (part: Buffer) => {
      size += part.length;
      if (size > options.mostBytes) {
        response.destroy(new Error(`its answer is larger than ${options.mostBytes} bytes`));
      } else parts.push(part);
    });
    response.on("end", () => {
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") });
    });
  });
  sent.end();
  return promise;
}

function refused(host: string): Error {
  return new Error(
    `${host} is a private or link-local address; a platform operator can allow the host with AWOOOP_ALLOW_HOSTS`,
  );
}
