import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { AppError } from "../platform/errors.ts";

/**
 * How long a connection may lie idle: longer than load balancers and clients keep theirs (60 s is usual), so that it is they
 * who close it; a request that meets a closing connection is lost.
 */
const KEEP_ALIVE_MS = 75_000;
const GRACE_MS = 2_000;
const SWEEP_MS = 50;

/** A listening server. */
export interface Listening {
  /** The port it got, when it asked for any. */
  port: number;
  /** Takes no new request, lets those at hand finish for two seconds, then cuts what is left (open streams). */
  close(): Promise<void>;
}

/**
 * @param plainly answers some requests by itself and past the app; false for those that are the app's
 * @throws AppError E-CONFIG when the address can't be had
 */
export async function serve(
  // biome-ignore lint/suspicious/noExplicitAny: whatever its handlers find in their context
  app: Hono<any>,
  address: { host: string; port: number },
  plainly?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>,
): Promise<Listening> {
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => {
    if (!plainly) return void listener(request, response);
    plainly(request, response).then(
      (isAnswered) => {
        if (!isAnswered) void listener(request, response);
      },
      () => response.destroy(),
    );
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(refusal(cause, address)));
    server.listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        // A connection that falls idle while closing would be kept for the next request.
        const sweeping = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
        const cutting = setTimeout(() => server.closeAllConnections(), GRACE_MS);
        server.close(() => {
          clearInterval(sweeping);
          clearTimeout(cutting);
          resolve();
        });
      }),
  };
}

function refusal(cause: NodeJS.ErrnoException, address: { host: string; port: number }): AppError {
  const where = `port ${address.port} of ${address.host}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `AWOOOP_PORT: ${where} is in use by another program; choose another port.`,
    EACCES: `AWOOOP_PORT: this user may not listen on ${where}; choose a port above 1023.`,
    EADDRNOTAVAIL: `AWOOOP_HOST: ${address.host} is not an address of this machine.`,
    ENOTFOUND: `AWOOOP_HOST: ${address.host} is not a known host.`,
  };
  const words =
    reasons[cause.code ?? ""] ?? `AWOOOP_HOST: can't listen on ${where} (${cause.message}).`;
  return new AppError("E-CONFIG", words, { cause });
}
