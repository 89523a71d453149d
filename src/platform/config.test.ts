import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { configHelp, localUrl, readConfig } from "./config.ts";
import { AppError } from "./errors.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const EXTERNAL = { DATABASE_URL: "postgres://u:p@db/awooop", AWOOOP_SECRET_KEY: SECRET };

let folder: string;
let dataDir: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-config-"));
});
beforeEach(() => {
  count += 1;
  dataDir = join(folder, `data-${count}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const read = (env: Record<string, string>) => readConfig(env, { dataDirDefault: dataDir });

function refusal(env: Record<string, string>): string {
  try {
    read(env);
  } catch (error) {
    if (error instanceof AppError && error.code === "E-CONFIG") return error.message;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(env)}`);
}

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, `${count}-${name}`);
  await writeFile(path, content);
  return path;
}

describe("the configuration", () => {
  it("needs nothing: an embedded database, this machine only, everything in one process", () => {
    expect(read({})).toEqual({
      database: { kind: "embedded" },
      dataDir,
      host: "127.0.0.1",
      port: 4600,
      publicUrl: "http://127.0.0.1:4600",
      adminKey: undefined,
      secretKeys: [expect.stringMatching(/^[\w-]{64}$/)],
      roles: new Set(["api", "gateway", "worker"]),
      allowHosts: [],
      allowStdio: true,
      longestHoldSeconds: 50,
      oauth: { issuers: [], scopes: ["mcp"], allowHosts: [] },
      logLevel: "info",
      telemetry: undefined,
    });
  });

  it("takes every variable", () => {
    const config = read({
      ...EXTERNAL,
      DATABASE_MIGRATE_URL: "postgresql://m@db/awooop",
      DATABASE_LISTEN_URL: "postgres:///awooop?host=/run/postgresql",
      AWOOOP_DATA_DIR: join(folder, "elsewhere"),
      AWOOOP_HOST: "0.0.0.0",
      AWOOOP_PORT: "8080",
      AWOOOP_PUBLIC_URL: "https://awooop.example/",
      AWOOOP_ADMIN_KEY: "awp_admin1_secret",
      AWOOOP_SECRET_KEY: `${SECRET}new, ${SECRET}old`,
      AWOOOP_ROLES: "worker, gateway",
      AWOOOP_ALLOW_HOSTS: "tools.internal,[::1]:9000",
      AWOOOP_ALLOW_STDIO: "true",
      AWOOOP_LONGEST_HOLD_SECONDS: "12.5",
      AWOOOP_OAUTH_ISSUERS: "https://login.example/realms/a, http://[::1]:9000",
      AWOOOP_OAUTH_SCOPES: "tools, urn:awooop:call",
      AWOOOP_LOG_LEVEL: "debug",
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example/otlp/",
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=a=b, x-tenant=acme",
      OTEL_SERVICE_NAME: "awooop-eu",
      OTEL_TRACES_SAMPLER_ARG: "0.25",
    });
    expect(config).toEqual({
      database: {
        kind: "external",
        url: "postgres://u:p@db/awooop",
        migrateUrl: "postgresql://m@db/awooop",
        listenUrl: "postgres:///awooop?host=/run/postgresql",
      },
      dataDir: join(folder, "elsewhere"),
      host: "0.0.0.0",
      port: 8080,
      publicUrl: "https://awooop.example",
      adminKey: "awp_admin1_secret",
      secretKeys: [`${SECRET}new`, `${SECRET}old`],
      roles: new Set(["worker", "gateway"]),
      allowHosts: ["tools.internal", "[::1]:9000"],
      allowStdio: true,
      longestHoldSeconds: 12.5,
      oauth: {
        issuers: ["https://login.example/realms/a", "http://[::1]:9000"],
        scopes: ["tools", "urn:awooop:call"],
        allowHosts: ["tools.internal", "[::1]:9000"],
      },
      logLevel: "debug",
      telemetry: {
        endpoint: "https://collector.example/otlp",
        headers: { "api-key": "a=b", "x-tenant": "acme" },
        serviceName: "awooop-eu",
        ratio: 0.25,
      },
    });
  });

  it("uses one database login for everything unless told otherwise, and no programs beside it", () => {
    const config = read(EXTERNAL);
    expect(config.database).toMatchObject({
      migrateUrl: EXTERNAL.DATABASE_URL,
      listenUrl: EXTERNAL.DATABASE_URL,
    });
    expect(config.allowStdio).toBe(false);
  });

  it("takes an empty variable as unset", () => {
    const empty = Object.fromEntries(
      ["DATABASE_URL", "DATABASE_URL_FILE", "AWOOOP_PORT", "AWOOOP_ROLES", "AWOOOP_ADMIN_KEY"].map(
        (name) => [name, " "],
      ),
    );
    expect(read(empty)).toMatchObject({
      port: 4600,
      database: { kind: "embedded" },
      adminKey: undefined,
    });
  });

  it("names the variable and what would be right", () => {
    const cases: [Record<string, string>, string][] = [
      [{ AWOOOP_PORT: "http" }, "AWOOOP_PORT: must be a port number from 0 to 65535."],
      [{ AWOOOP_PORT: "65536" }, "AWOOOP_PORT: must be a port number from 0 to 65535."],
      [
        { AWOOOP_HOST: "http://x" },
        "AWOOOP_HOST: must be an address or host name, such as 0.0.0.0.",
      ],
      [
        { AWOOOP_PUBLIC_URL: "awooop.example" },
        "AWOOOP_PUBLIC_URL: must be an address such as https://awooop.example, without a path.",
      ],
      [
        { AWOOOP_PUBLIC_URL: "https://awooop.example/console" },
        "AWOOOP_PUBLIC_URL: must be an address such as https://awooop.example, without a path.",
      ],
      [
        { AWOOOP_LONGEST_HOLD_SECONDS: "51" },
        "AWOOOP_LONGEST_HOLD_SECONDS: must be a number of seconds from 0 to 50.",
      ],
      [
        { AWOOOP_ROLES: "api,boss" },
        "AWOOOP_ROLES: must be one or more of api, gateway, worker, separated by commas.",
      ],
      [
        { AWOOOP_ALLOW_HOSTS: "a,,b" },
        "AWOOOP_ALLOW_HOSTS: must be a list without empty parts, separated by commas.",
      ],
      [{ AWOOOP_ALLOW_STDIO: "yes" }, "AWOOOP_ALLOW_STDIO: must be true or false."],
      [
        { AWOOOP_LOG_LEVEL: "loud" },
        "AWOOOP_LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent.",
      ],
      [
        { DATABASE_URL: "mysql://db/x", AWOOOP_SECRET_KEY: SECRET },
        "DATABASE_URL: must be a URL such as postgres://user:password@host:5432/database.",
      ],
      [
        { DATABASE_MIGRATE_URL: "postgres://db/x" },
        "DATABASE_MIGRATE_URL: is of use only with DATABASE_URL.",
      ],
      [
        { DATABASE_LISTEN_URL: "postgres://db/x" },
        "DATABASE_LISTEN_URL: is of use only with DATABASE_URL.",
      ],
    ];
    for (const [env, words] of cases) expect(refusal(env)).toBe(words);
  });

  it("says the same of issuers and collectors", () => {
    const cases: [Record<string, string>, string][] = [
      [
        { AWOOOP_OAUTH_ISSUERS: "login.example" },
        "AWOOOP_OAUTH_ISSUERS: must be a list of addresses such as https://login.example, without a query.",
      ],
      [
        { AWOOOP_OAUTH_ISSUERS: "https://login.example?tenant=1" },
        "AWOOOP_OAUTH_ISSUERS: must be a list of addresses such as https://login.example, without a query.",
      ],
      [
        { AWOOOP_OAUTH_ISSUERS: "http://login.example", AWOOOP_ALLOW_HOSTS: "other.example" },
        "AWOOOP_OAUTH_ISSUERS: http://login.example must begin with https:, or its host must be in AWOOOP_ALLOW_HOSTS.",
      ],
      [
        { AWOOOP_OAUTH_SCOPES: 'say "hello"' },
        "AWOOOP_OAUTH_SCOPES: must be scopes such as mcp, separated by commas.",
      ],
      [
        { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" },
        "OTEL_EXPORTER_OTLP_ENDPOINT: must be an address such as http://127.0.0.1:4318.",
      ],
      [
        { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_EXPORTER_OTLP_HEADERS: "hunter2" },
        "OTEL_EXPORTER_OTLP_HEADERS: must be name=value, separated by commas.",
      ],
      [
        { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_TRACES_SAMPLER_ARG: "2" },
        "OTEL_TRACES_SAMPLER_ARG: must be from 0 to 1.",
      ],
    ];
    for (const [env, words] of cases) expect(refusal(env)).toBe(words);
  });

  it("never repeats a secret in what it says", () => {
    const secrets = { DATABASE_URL: "hunter2", AWOOOP_SECRET_KEY: `${SECRET},hunter2` };
    expect(refusal(secrets)).not.toContain("hunter2");
    expect(refusal({ AWOOOP_SECRET_KEY: `${SECRET},hunter2` })).toMatch(
      /^AWOOOP_SECRET_KEY: must have at least 32 characters in every key, for example from /,
    );
  });

  it("leaves no file behind when something is wrong", async () => {
    refusal({ AWOOOP_PORT: "x" });
    await expect(stat(dataDir)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("secrets in files", () => {
  it("are read, without the line's end", async () => {
    const config = read({
      DATABASE_URL_FILE: await file("url", "postgres://u:p@db/awooop\n"),
      AWOOOP_SECRET_KEY_FILE: await file("key", `${SECRET}\r\n`),
      AWOOOP_ADMIN_KEY_FILE: await file("admin", "awp_admin1_x\n"),
    });
    expect(config.database).toMatchObject({ url: "postgres://u:p@db/awooop" });
    expect(config).toMatchObject({ secretKeys: [SECRET], adminKey: "awp_admin1_x" });
  });

  it("must be there, say something, and not be given twice", async () => {
    const missing = join(folder, "missing");
    expect(refusal({ AWOOOP_ADMIN_KEY_FILE: missing })).toMatch(
      `AWOOOP_ADMIN_KEY_FILE: the file ${missing} can't be read (ENOENT`,
    );
    const empty = await file("empty", "\n");
    expect(refusal({ AWOOOP_ADMIN_KEY_FILE: empty })).toBe(
      `AWOOOP_ADMIN_KEY_FILE: the file ${empty} is empty.`,
    );
    expect(refusal({ ...EXTERNAL, DATABASE_URL_FILE: empty })).toBe(
      "DATABASE_URL: set it or DATABASE_URL_FILE, not both.",
    );
  });
});

describe("the server's own secret key", () => {
  it("is made once, for its user alone, and stays", async () => {
    const first = read({}).secretKeys;
    expect(read({}).secretKeys).toEqual(first);
    const path = join(dataDir, "secret.key");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readFile(path, "utf8")).trim()).toBe(first[0]);
    expect(await readdir(dataDir)).toEqual(["secret.key"]);
  });

  it("is not made for a database that outlives this machine", () => {
    expect(refusal({ DATABASE_URL: EXTERNAL.DATABASE_URL })).toMatch(
      /^AWOOOP_SECRET_KEY: is needed with DATABASE_URL/,
    );
  });

  it("is not made anew when its file is damaged or can't be read", async () => {
    read({});
    await writeFile(join(dataDir, "secret.key"), "short");
    expect(refusal({})).toMatch(/secret\.key is damaged; restore it from a backup/);
    await rm(join(dataDir, "secret.key"));
    await mkdir(join(dataDir, "secret.key"));
    expect(refusal({})).toMatch(/^AWOOOP_DATA_DIR: .*secret\.key can't be read or made/);
  });
});

describe("help", () => {
  it("names every variable that is read, and each secret's file", () => {
    const help = configHelp();
    const names = new Set<string>();
    const recording = new Proxy<Record<string, string>>(
      {},
      {
        get(_, name) {
          names.add(String(name));
          return undefined;
        },
      },
    );
    read(recording);
    expect(names.size).toBeGreaterThan(12);
    for (const name of names) expect(help).toContain(name);
  });
});

describe("the address of a server on this machine", () => {
  it("is one a browser can open", () => {
    expect(localUrl("127.0.0.1", 80)).toBe("http://127.0.0.1:80");
    expect(localUrl("::1", 4600)).toBe("http://[::1]:4600");
    for (const any of ["0.0.0.0", "::"]) expect(localUrl(any, 4600)).toBe("http://localhost:4600");
  });
});
