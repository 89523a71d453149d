import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { AppError } from "./errors.ts";
import { isAllowedHost } from "./net.ts";
import { ownSecretKey } from "./secret-key.ts";

/** Which parts of the server a process runs. */
const ROLES = ["api", "gateway", "worker"] as const;
type ServerRole = (typeof ROLES)[number];

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** What the environment says, checked and with defaults. */
export interface Config {
  database:
    | { kind: "embedded" }
    | { kind: "external"; url: string; migrateUrl: string; listenUrl: string };
  /** Absolute; where the embedded database and generated secrets live. */
  dataDir: string;
  host: string;
  /** 0 asks for any free port. */
  port: number;
  /** Where people reach the console; no slash at the end. */
  publicUrl: string;
  adminKey: string | undefined;
  /** The first one encrypts. */
  secretKeys: readonly string[];
  roles: ReadonlySet<ServerRole>;
  allowHosts: readonly string[];
  allowStdio: boolean;
  /** No request is held for longer than this while a person thinks. */
  longestHoldSeconds: number;
  oauth: {
    /** Authorization servers whose access tokens open the gateway, each exactly as it names itself. */
    issuers: readonly string[];
    /** What an access token must have been granted, all of it. */
    scopes: readonly string[];
    /** Private hosts that may be asked for keys. */
    allowHosts: readonly string[];
  };
  logLevel: (typeof LOG_LEVELS)[number];
  /** Where traces go (OpenTelemetry); undefined: nowhere. */
  telemetry:
    | {
        /** No slash at the end. */
        endpoint: string;
        headers: Readonly<Record<string, string>>;
        serviceName: string;
        /** Which part of the traces that begin here is recorded. */
        ratio: number;
      }
    | undefined;
}

interface Variable {
  help: string;
  secret?: true;
}

const VARIABLES = {
  DATABASE_URL: {
    secret: true,
    help: "PostgreSQL 15 or newer, as postgres://…; unset: an embedded one in AWOOOP_DATA_DIR",
  },
  DATABASE_MIGRATE_URL: {
    secret: true,
    help: "the login that migrates the schema; default DATABASE_URL",
  },
  DATABASE_LISTEN_URL: {
    secret: true,
    help: "a direct connection for LISTEN when DATABASE_URL goes through a pooler; default DATABASE_URL",
  },
  AWOOOP_DATA_DIR: { help: "the folder of the embedded database and of generated secrets" },
  AWOOOP_HOST: { help: "the address to listen on; default 127.0.0.1" },
  AWOOOP_PORT: { help: "the port to listen on, 0 for any free one; default 4600" },
  AWOOOP_PUBLIC_URL: { help: "where people reach the console; default http://HOST:PORT" },
  AWOOOP_ADMIN_KEY: {
    secret: true,
    help: "a platform admin's key, awp_<id>_<secret>; unset: made at the first start and shown once",
  },
  AWOOOP_SECRET_KEY: {
    secret: true,
    help: "keys that encrypt what is stored, 32 characters or more each, comma separated, the first one encrypts; unset: made in AWOOOP_DATA_DIR, which DATABASE_URL does not allow",
  },
  AWOOOP_ROLES: { help: "what this process runs: api,gateway,worker; default all" },
  AWOOOP_ALLOW_HOSTS: {
    help: "private hosts that tool servers and webhooks may use, comma separated, each with or without a port",
  },
  AWOOOP_ALLOW_STDIO: {
    help: "whether tool servers may be programs on this machine, true or false; default true with the embedded database, false with DATABASE_URL",
  },
  AWOOOP_LONGEST_HOLD_SECONDS: {
    help: "how long a request is held at most while a person thinks, in seconds: less than what a proxy on the way allows; default 50",
  },
  AWOOOP_OAUTH_ISSUERS: {
    help: "authorization servers whose access tokens open the gateway, comma separated, each exactly as it names itself, such as https://login.example; unset: agents' keys only",
  },
  AWOOOP_OAUTH_SCOPES: {
    help: "the scopes that an access token must have, comma separated; default mcp",
  },
  AWOOOP_LOG_LEVEL: { help: `${LOG_LEVELS.join(", ")}; default info` },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    help: "where traces go: a collector that takes OTLP over HTTP, such as http://127.0.0.1:4318; unset: nowhere",
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    secret: true,
    help: "headers for the collector, as name=value, comma separated",
  },
  OTEL_SERVICE_NAME: { help: "what the collector knows this server as; default awooop" },
  OTEL_TRACES_SAMPLER_ARG: {
    help: "which part of the traces that begin here is recorded, from 0 to 1; default 1",
  },
} as const satisfies Record<string, Variable>;

type Name = keyof typeof VARIABLES;

/** What `--help` says of the environment. */
export function configHelp(): string {
  const entries = Object.entries<Variable>(VARIABLES).map(
    ([name, { help, secret }]) => `  ${name}${secret ? ` (or ${name}_FILE)` : ""}\n      ${help}`,
  );
  return `Environment:\n${entries.join("\n")}\n`;
}

function refuse(name: string, words: string): never {
  throw new AppError("E-CONFIG", `${name}: ${words}.`);
}

const databaseUrl = z
  .string()
  .refine(
    (text) => /^postgres(ql)?:$/.test(URL.parse(text)?.protocol ?? ""),
    "must be a URL such as postgres://user:password@host:5432/database",
  );

const list = z
  .string()
  .transform((text) => text.split(",").map((part) => part.trim()))
  .pipe(z.array(z.string().min(1, "must be a list without empty parts, separated by commas")));

const publicUrl = z.string().refine((text) => {
  const url = URL.parse(text);
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/` && !url.username
  );
}, "must be an address such as https://awooop.example, without a path");

const issuer = z.string().refine((text) => {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    !/[?#]/.test(text) &&
    !url.username &&
    text.length <= 2_000
  );
}, "must be a list of addresses such as https://login.example, without a query");

const collector = z
  .string()
  .refine(
    (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? "") && !/[?#]/.test(text),
    "must be an address such as http://127.0.0.1:4318",
  )
  .transform((text) => text.replace(/\/+$/, ""));

const headers = list
  .refine(
    (pairs) => pairs.every((pair) => /^[\w!#$%&'*+.^`|~-]+=[\x20-\x7e]*$/.test(pair)),
    "must be name=value, separated by commas",
  )
  .transform((pairs) =>
    Object.fromEntries(
      pairs.map((pair) => [pair.split("=")[0], pair.slice(pair.indexOf("=") + 1)]),
    ),
  );

const SCHEMAS = {
  DATABASE_URL: databaseUrl,
  DATABASE_MIGRATE_URL: databaseUrl,
  DATABASE_LISTEN_URL: databaseUrl,
  AWOOOP_DATA_DIR: z.string(),
  AWOOOP_HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]+$/, "must be an address or host name, such as 0.0.0.0"),
  AWOOOP_PORT: z
    .string()
    .refine(
      (text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535,
      "must be a port number from 0 to 65535",
    )
    .transform(Number),
  AWOOOP_PUBLIC_URL: publicUrl.transform((text) => new URL(text).origin),
  AWOOOP_ADMIN_KEY: z.string(),
  AWOOOP_SECRET_KEY: list.refine(
    (keys) => keys.every((key) => key.length >= 32),
    "must have at least 32 characters in every key, for example from `openssl rand -base64 48`",
  ),
  AWOOOP_ROLES: list.pipe(
    z.array(z.enum(ROLES, `must be one or more of ${ROLES.join(", ")}, separated by commas`)),
  ),
  AWOOOP_ALLOW_HOSTS: list,
  AWOOOP_ALLOW_STDIO: z
    .enum(["true", "false"], "must be true or false")
    .transform((text) => text === "true"),
  AWOOOP_LONGEST_HOLD_SECONDS: z
    .string()
    .refine(
      (text) => /^\d{1,2}(\.\d{1,3})?$/.test(text) && Number(text) <= 50,
      "must be a number of seconds from 0 to 50",
    )
    .transform(Number),
  AWOOOP_OAUTH_ISSUERS: list.pipe(z.array(issuer).max(20, "must be at most 20 addresses")),
  AWOOOP_OAUTH_SCOPES: list.pipe(
    z.array(
      z
        .string()
        .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, "must be scopes such as mcp, separated by commas"),
    ),
  ),
  AWOOOP_LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`),
  OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  OTEL_EXPORTER_OTLP_HEADERS: headers,
  OTEL_SERVICE_NAME: z.string(),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .refine((text) => /^(0|1|[01]?\.\d+)$/.test(text) && Number(text) <= 1, "must be from 0 to 1")
    .transform(Number),
} satisfies Record<Name, z.ZodType>;

type Environment = Readonly<Record<string, string | undefined>>;

/** The text of a variable; an empty one counts as unset. A secret may stand in the file that `…_FILE` names. */
function textOf(env: Environment, name: Name): string | undefined {
  const direct = env[name]?.trim() || undefined;
  const variable: Variable = VARIABLES[name];
  const file = variable.secret ? env[`${name}_FILE`]?.trim() || undefined : undefined;
  if (file === undefined) return direct;
  if (direct !== undefined) refuse(name, `set it or ${name}_FILE, not both`);
  let content: string;
  try {
    content = readFileSync(file, "utf8").trim();
  } catch (cause) {
    refuse(`${name}_FILE`, `the file ${file} can't be read (${(cause as Error).message})`);
  }
  return content === "" ? refuse(`${name}_FILE`, `the file ${file} is empty`) : content;
}

function read<N extends Name>(env: Environment, name: N): z.infer<(typeof SCHEMAS)[N]> | undefined {
  const text = textOf(env, name);
  if (text === undefined) return undefined;
  const result = SCHEMAS[name].safeParse(text);
  if (!result.success) refuse(name, result.error.issues[0]?.message ?? "is not valid");
  return result.data as z.infer<(typeof SCHEMAS)[N]>;
}

function readDatabase(env: Environment): Config["database"] {
  const url = read(env, "DATABASE_URL");
  const migrateUrl = read(env, "DATABASE_MIGRATE_URL");
  const listenUrl = read(env, "DATABASE_LISTEN_URL");
  if (url !== undefined) {
    return { kind: "external", url, migrateUrl: migrateUrl ?? url, listenUrl: listenUrl ?? url };
  }
  if (migrateUrl !== undefined) refuse("DATABASE_MIGRATE_URL", "is of use only with DATABASE_URL");
  if (listenUrl !== undefined) refuse("DATABASE_LISTEN_URL", "is of use only with DATABASE_URL");
  return { kind: "embedded" };
}

/** Tokens are as good as the way their signers' keys come here, so plain HTTP is for hosts that were named. */
function readOAuth(env: Environment, allowHosts: readonly string[]): Config["oauth"] {
  const issuers = read(env, "AWOOOP_OAUTH_ISSUERS") ?? [];
  const open = issuers.find(
    (text) => text.startsWith("http:") && !isAllowedHost(new URL(text), allowHosts),
  );
  if (open !== undefined) {
    refuse(
      "AWOOOP_OAUTH_ISSUERS",
      `${open} must begin with https:, or its host must be in AWOOOP_ALLOW_HOSTS`,
    );
  }
  return { issuers, scopes: read(env, "AWOOOP_OAUTH_SCOPES") ?? ["mcp"], allowHosts };
}

function readTelemetry(env: Environment): Config["telemetry"] {
  const endpoint = read(env, "OTEL_EXPORTER_OTLP_ENDPOINT");
  if (endpoint === undefined) return undefined;
  return {
    endpoint,
    headers: read(env, "OTEL_EXPORTER_OTLP_HEADERS") ?? {},
    serviceName: read(env, "OTEL_SERVICE_NAME") ?? "awooop",
    ratio: read(env, "OTEL_TRACES_SAMPLER_ARG") ?? 1,
  };
}

/**
 * The configuration of this process. With the embedded database, and AWOOOP_SECRET_KEY unset, a key is made in the
 * data directory.
 *
 * @param options.dataDirDefault used when AWOOOP_DATA_DIR is unset
 * @throws AppError E-CONFIG naming the variable and what would be right; never with the value of a secret
 */
export function readConfig(env: Environment, options: { dataDirDefault: string }): Config {
  const database = readDatabase(env);
  const embedded = database.kind === "embedded";
  const dataDir = resolve(read(env, "AWOOOP_DATA_DIR") ?? options.dataDirDefault);
  const host = read(env, "AWOOOP_HOST") ?? "127.0.0.1";
  const port = read(env, "AWOOOP_PORT") ?? 4600;
  const allowHosts = read(env, "AWOOOP_ALLOW_HOSTS") ?? [];
  const settings = {
    database,
    dataDir,
    host,
    port,
    publicUrl: read(env, "AWOOOP_PUBLIC_URL") ?? localUrl(host, port),
    adminKey: read(env, "AWOOOP_ADMIN_KEY"),
    roles: new Set(read(env, "AWOOOP_ROLES") ?? ROLES),
    allowHosts,
    allowStdio: read(env, "AWOOOP_ALLOW_STDIO") ?? embedded,
    longestHoldSeconds: read(env, "AWOOOP_LONGEST_HOLD_SECONDS") ?? 50,
    oauth: readOAuth(env, allowHosts),
    logLevel: read(env, "AWOOOP_LOG_LEVEL") ?? "info",
    telemetry: readTelemetry(env),
  };
  const given = read(env, "AWOOOP_SECRET_KEY");
  if (!given && !embedded) {
    refuse(
      "AWOOOP_SECRET_KEY",
      "is needed with DATABASE_URL, because what it encrypts outlives this machine; set it to the output of `openssl rand -base64 48`",
    );
  }
  // Last, so that a wrong variable elsewhere leaves no file behind.
  return { ...settings, secretKeys: given ?? [ownSecretKey(dataDir)] };
}

/**
 * Where a server on this machine is reached: a wildcard address by the name localhost.
 *
 * @param port the one it listens on
 */
export function localUrl(host: string, port: number): string {
  const anyAddress = host === "0.0.0.0" || host === "::";
  const name = anyAddress ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
