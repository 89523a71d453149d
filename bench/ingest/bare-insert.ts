/**
 * What taking in an event costs at the least: an HTTP server that inserts what it is sent as a row, with six indexes, and
 * answers 202 once that is durable: `bare-insert.ts DATABASE_URL`.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";

const [, , databaseUrl] = process.argv;
const pool = new pg.Pool({ connectionString: databaseUrl, max: 12 });
await pool.query(`
  create table bare_events (id bigint generated always as identity primary key, project text not null, channel text not null,
    provider_id text not null, fingerprint text not null, payload jsonb not null, at timestamptz not null default clock_timestamp());
  create unique index on bare_events (project, channel, provider_id);
  create index on bare_events (project, provider_id);
  create index on bare_events (project, channel, at desc, id desc);
  create index on bare_events (project, at desc, id desc);
  create index on bare_events (project, channel, fingerprint, at desc)`);

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.once("end", () => {
    const text = Buffer.concat(parts).toString();
    const [{ fingerprint, startsAt }] = JSON.parse(text).alerts;
    pool
      .query({
        name: "insert",
        text: "insert into bare_events (project, channel, provider_id, fingerprint, payload) values ($1, $2, $3, $4, $5)",
        values: ["bench", "alerts", `${fingerprint}:${startsAt}`, fingerprint, text],
      })
      .then(
        () => response.writeHead(202, { "content-type": "application/json" }).end('{"events":[]}'),
        () => response.writeHead(500).end(),
      );
  });
});

server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
