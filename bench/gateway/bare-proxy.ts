/**
 * A reverse proxy that does nothing but pass on: what the gateway is compared with. With a database it also inserts a row
 * for each call and waits until that is durable before it answers: `bare-proxy.ts UPSTREAM_ORIGIN [DATABASE_URL]`.
 */
import { Agent, request as ask, createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";

const [, , origin = "", databaseUrl] = process.argv;
const upstream = new URL(origin);
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
const pool = databaseUrl ? new pg.Pool({ connectionString: databaseUrl, max: 12 }) : undefined;
await pool?.query(`create table if not exists bare_calls (id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(), request jsonb not null, result jsonb not null)`);

const server = createServer((request, response) => {
  const sent: Buffer[] = [];
  const options = { agent, host: upstream.hostname, port: upstream.port };
  const asked = ask({
    ...options,
    path: request.url,
    method: request.method,
    headers: request.headers,
  });
  if (pool) request.on("data", (part: Buffer) => sent.push(part));
  request.pipe(asked);
  asked.on("error", () => response.writeHead(502).end());
  asked.on("response", (answer) => {
    if (!pool) {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      return;
    }
    void record(pool, sent, answer).then((body) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers).end(body);
    });
  });
});

async function record(into: pg.Pool, sent: Buffer[], answer: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  const body = Buffer.concat(parts);
  await into.query({
    name: "insert",
    text: "insert into bare_calls (request, result) values ($1, $2)",
    values: [Buffer.concat(sent).toString(), body.toString()],
  });
  return body;
}

server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
