/**
 * The tool server of the gateway's benchmark: JSON-RPC by hand, so that what stands before it is what is measured. As a
 * program it listens on a free port and tells its parent; with `--stdio` it speaks on its standard streams.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";

const inputSchema = {
  type: "object",
  properties: { text: { type: "string", maxLength: 1_000 }, n: { type: "integer" } },
  required: ["text"],
  additionalProperties: false,
};
const TOOLS = ["echo", "echo_write"].map((name) => ({
  name,
  description: "Says what it is told.",
  inputSchema,
}));

interface Message {
  id?: number | string;
  method: string;
  params?: { protocolVersion?: string; arguments?: { text?: string } };
}

function answerTo({ id, method, params }: Message): object | undefined {
  if (id === undefined) return undefined;
  const result = (value: object) => ({ jsonrpc: "2.0", id, result: value });
  switch (method) {
    case "tools/call":
      return result({ content: [{ type: "text", text: params?.arguments?.text ?? "" }] });
    case "tools/list":
      return result({ tools: TOOLS });
    case "initialize":
      return result({
        protocolVersion: params?.protocolVersion ?? "2025-11-25",
        capabilities: { tools: {} },
        serverInfo: { name: "echo", version: "1.0.0" },
      });
    default:
      return { jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } };
  }
}

function serveHttp(): void {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (request.method !== "POST") return response.writeHead(405).end();
      const answer = answerTo(JSON.parse(Buffer.concat(parts).toString()));
      if (!answer) return response.writeHead(202).end();
      const body = JSON.stringify(answer);
      const length = Buffer.byteLength(body);
      response.writeHead(200, { "content-type": "application/json", "content-length": length });
      return response.end(body);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () =>
    process.send?.({ port: (server.address() as AddressInfo).port }),
  );
}

function serveStdio(): void {
  createInterface({ input: process.stdin }).on("line", (line) => {
    const answer = answerTo(JSON.parse(line));
    if (answer) process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
}

if (process.argv.includes("--stdio")) serveStdio();
else serveHttp();
