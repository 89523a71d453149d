import { Client } from "pg";
import { expect, test } from "vitest";
import { mayPass } from "./account.ts";
import { connectionUrl } from "./connection.ts";
import { fitsSocket } from "./layout.ts";
import { identityArgument, parseLogLine, serverArguments } from "./settings.ts";

test("the permission bits that count are those of the closest relation", () => {
  const account = { uid: 7, gid: 8 };
  expect(mayPass({ mode: 0o40700, uid: 7, gid: 0 }, account)).toBe(true);
  expect(mayPass({ mode: 0o40077, uid: 7, gid: 8 }, account)).toBe(false);
  expect(mayPass({ mode: 0o40710, uid: 0, gid: 8 }, account)).toBe(true);
  expect(mayPass({ mode: 0o40701, uid: 0, gid: 8 }, account)).toBe(false);
  expect(mayPass({ mode: 0o40711, uid: 0, gid: 0 }, account)).toBe(true);
  expect(mayPass({ mode: 0o40770, uid: 0, gid: 0 }, account)).toBe(false);
});

test("a socket path may have as many bytes as the kernel keeps, whatever its letters", () => {
  const limit = process.platform === "darwin" ? 103 : 107;
  const free = limit - "/".length - "/.s.PGSQL.5432".length;
  expect(fitsSocket(`/${"x".repeat(free)}`)).toBe(true);
  expect(fitsSocket(`/${"x".repeat(free + 1)}`)).toBe(false);
  expect(fitsSocket(`/${"x".repeat(free - 1)}é`)).toBe(false);
});

test("the URL says the same to pg and to a plain URL parser", () => {
  const config = { host: '/a b,+%41"é', port: 5432, user: "u@x", database: "d é" };
  const url = connectionUrl(config);
  expect(new URL(url).searchParams.get("host")).toBe(config.host);
  const { host, port, user, database, ssl } = new Client({ connectionString: url });
  expect({ host, port, user, database, ssl }).toEqual({ ...config, ssl: false });
});

test("settings can be replaced, but not the ones that keep the server private", () => {
  const args = serverArguments(
    { dataDir: "/data", socketDir: "/s" },
    { fsync: "off", listen_addresses: "*", unix_socket_permissions: "0777" },
  );
  expect(args).toContain("fsync=off");
  expect(args).not.toContain("fsync=on");
  expect(args).toContain("listen_addresses=");
  expect(args).toContain("unix_socket_permissions=0700");
  expect(args).toContain('unix_socket_directories="/s"');
  expect(args.at(-1)).toBe(identityArgument("/data"));
});

test("PostgreSQL's severities become ours", () => {
  expect(parseLogLine("LOG:  ready")).toEqual({ level: "debug", text: "ready" });
  expect(parseLogLine("FATAL:  no such role")).toEqual({ level: "warn", text: "no such role" });
  expect(parseLogLine("PANIC:  disk")).toEqual({ level: "error", text: "disk" });
  expect(parseLogLine("postgres: could not find x")).toEqual({
    level: "debug",
    text: "postgres: could not find x",
  });
});
