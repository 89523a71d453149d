import { Agent, request } from "node:http";
import type { Sent } from "./requests.ts";

/** An answer as it came over the wire. */
export interface Received {
  status: number;
  contentType: string;
  body: string;
}

const SLOWEST_MS = 20_000;

/** Connections on which requests go out byte for byte: fetch would mend what is damaged on purpose. */
export function openWire(url: string) {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  return {
    send: ({ method, path, headers, body }: Sent, key: string) =>
      new Promise<Received>((resolve, reject) => {
        const outgoing = request({
          ...{ hostname, port, agent, method, path, timeout: SLOWEST_MS },
          headers: {
            authorization: `Bearer ${key}`,
            ...(body === undefined ? {} : { "content-length": body.length }),
            ...headers,
          },
        });
        outgoing.on("error", reject);
        outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
        outgoing.on("response", (incoming) => {
          const contentType = incoming.headers["content-type"] ?? "";
          const status = incoming.statusCode ?? 0;
          if (contentType.startsWith("text/event-stream")) {
            incoming.destroy();
            resolve({ status, contentType, body: "" });
            return;
          }
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            resolve({ status, contentType, body: Buffer.concat(chunks).toString("utf8") });
          });
        });
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}

export type Wire = ReturnType<typeof openWire>;
