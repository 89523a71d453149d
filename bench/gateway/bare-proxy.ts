/**
 * A reverse proxy that does nothing but pass on: what the gateway is compared with. With a database it also inserts a row
 * for each call and waits until that is durable before it answers; as `twice`, it inserts the row before it passes the call
 * on and puts the result into it before it answers, as the gateway does with writes:
 * `bare-proxy.ts UPSTREAM_ORIGIN [DATABASE_URL [twice]]`.
 */
import { Agent, request as ask, createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";

const [, , origin = "", databaseUrl, times] = process.argv;
const upstream = new URL(origin);
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
const pool = databaseUrl ? new pg.Pool({ connectionString: databaseUrl, max: 12 }) : undefined;
await pool?.query(`create table if not exists bare_calls (id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(), request jsonb not null, result jsonb)`);

function passOn(request: IncomingMessage) {
  const { url: path, method, headers } = request;
  return ask({ agent, host: upstream.hostname, port: upstream.port, path, method, headers });
}

const server = createServer((request, response) => {
  if (pool && times === "twice") {
    void recordTwice(pool, request).then(({ answer, body }) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers).end(body);
    });
    return;
  }
  const sent: Buffer[] = [];
  const asked = passOn(request);
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

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function record(into: pg.Pool, sent: Buffer[], answer: IncomingMessage): Promise<Buffer> {
  const body = await bodyOf(answer);
  await into.query({
    name: "insert",
    text: "insert into bare_calls (request, result) values ($1, $2)",
    values: [Buffer.concat(sent).toString(), body.toString()],
  });
  return body;
}

async function recordTwice(into: pg.Pool, request: IncomingMessage) {
  const sent = await bodyOf(request);
  const { rows } = await into.query<{ id: string }>({
    name: "begin",
    text: "insert into bare_calls (request) values ($1) returning id",
    values: [sent.toString()],
  });
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  passOn(request).on("response", resolve).on("error", reject).end(sent);
  const answer = await promise;
  const body = await bodyOf(answer);
  await into.query({
    name: "end",
    text: "update bare_calls set result = $2 where id = $1",
    values: [rows[0]?.id, body.toString()],
  });
  return { answer, body };
}

server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
