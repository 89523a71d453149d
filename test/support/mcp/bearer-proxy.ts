import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";

export interface BearerProxy {
  /** Where it listens, without a path. */
  origin: string;
  /** Sends what comes from now on to this server, with this key. */
  forwardTo(target: { url: string; key: string }): void;
  close(): Promise<void>;
}

/** A reverse proxy that adds an agent's key to each request that brings none, for clients that can't authenticate. */
export async function startBearerProxy(): Promise<BearerProxy> {
  let target: { url: string; key: string } | undefined;
  const server = createServer((incoming, outgoing) => {
    if (!target) return void outgoing.writeHead(503).end();
    const headers = { authorization: `Bearer ${target.key}`, ...incoming.headers };
    const options = { method: incoming.method, headers };
    const onward = send(new URL(incoming.url ?? "/", target.url), options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forwardTo(next) {
      target = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
