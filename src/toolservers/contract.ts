import { z } from "zod";

/** How a value of a contract names a secret: `secret:NAME`, alone or after one word (`Bearer secret:NAME`). */
const SECRET_VALUE = /^(?:([A-Za-z][A-Za-z0-9-]{0,31}) )?secret:([A-Za-z][A-Za-z0-9_]{0,63})$/;

/** A value of `env` or `headers`, taken apart. */
export type ConfigValue =
  | { kind: "literal"; value: string }
  | { kind: "secret"; name: string; prefix: string };

/** Takes a value of `env` or `headers` apart: a literal, or the name of a secret and the word before it. */
export function parseConfigValue(value: string): ConfigValue {
  const found = SECRET_VALUE.exec(value);
  if (found?.[2] === undefined) return { kind: "literal", value };
  return { kind: "secret", name: found[2], prefix: found[1] === undefined ? "" : `${found[1]} ` };
}

const configValue = z
  .string()
  .max(8192, "must be at most 8192 characters")
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  .regex(/^[^\u0000-\u0008\u000a-\u001f\u007f]*$/, "must not contain control characters")
  .refine((value) => !value.includes("secret:") || SECRET_VALUE.test(value), {
    message:
      "a secret is named as `secret:NAME`, alone or after one word as in `Bearer secret:NAME`; NAME is letters, digits and `_`",
  });

const noNul = (max: number) =>
  z
    .string()
    .max(max, `must be at most ${max} characters`)
    .refine((text) => !text.includes("\u0000"), "must not contain NUL characters");

const absolutePath = noNul(4096).regex(
  /^(\/|[A-Za-z]:[\\/])/,
  "must be an absolute path such as /srv/tools",
);

const timeoutSeconds = z
  .number("must be a number of seconds")
  .min(1, "must be at least 1 second")
  .max(600, "must be at most 600 seconds")
  .default(30);

const atMost = (count: number) => (entries: object) => Object.keys(entries).length <= count;

/** Says what is wrong with a key of a record, instead of only that something is. */
const aboutKey = (issue: { code?: string | undefined; issues?: { message?: string }[] }) =>
  issue.code === "invalid_key" ? issue.issues?.[0]?.message : undefined;

const environment = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "must be a name such as LOG_LEVEL"),
    configValue,
    { error: aboutKey },
  )
  .refine(atMost(64), "must have at most 64 variables");

/** Headers that the connection sets itself; a contract that set them could only break it. */
const OWN_HEADERS =
  /^(?:accept|accept-encoding|connection|content-length|content-type|host|last-event-id|mcp-.*|te|trailer|transfer-encoding|upgrade)$/i;

const headers = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, "must be an HTTP header name")
      .refine((name) => !OWN_HEADERS.test(name), "is set by the connection itself, leave it out"),
    configValue,
    { error: aboutKey },
  )
  .refine(atMost(32), "must have at most 32 headers");

const between = (least: number, most: number, what: string) =>
  z
    .number(`must be a number of ${what}`)
    .int(`must be a whole number of ${what}`)
    .min(least, `must be at least ${least} ${what}`)
    .max(most, `must be at most ${most} ${what}`);

/** What a program may use up, with all that it starts. */
const programLimits = z.strictObject({
  /** Resident memory; 1024 where it is left out. */
  memory_mb: between(32, 1_048_576, "MiB").optional(),
  /** Processor time over the program's whole life; then it is ended and started anew. */
  cpu_seconds: between(1, 31_536_000, "seconds").optional(),
  open_files: between(16, 1_048_576, "files").optional(),
});
export type ProgramLimits = z.infer<typeof programLimits>;

const stdioServer = z
  .strictObject({
    transport: z.literal("stdio"),
    command: noNul(4096).min(1, "must name a program"),
    args: z.array(noNul(8192)).max(128, "must have at most 128 arguments").default([]),
    env: environment.default({}),
    cwd: absolutePath.optional(),
    timeout_seconds: timeoutSeconds,
    limits: programLimits.optional(),
    /** `shared`: one process for all projects whose contracts say exactly the same; else one for each project. */
    sharing: z.enum(["project", "shared"], 'must be "project" or "shared"').optional(),
  })
  .refine(
    ({ sharing, env }) =>
      sharing !== "shared" ||
      Object.values(env).every((value) => parseConfigValue(value).kind === "literal"),
    {
      path: ["sharing"],
      message: "must not be shared where env names secrets: each project has its own",
    },
  )
  .refine(
    (server) => absolutePath.safeParse(server.command).success || /^[^/\\]+$/.test(server.command),
    { path: ["command"], message: "must be an absolute path or the bare name of a program" },
  )
  .refine(
    (server) => absolutePath.safeParse(server.command).success || server.env.PATH !== undefined,
    {
      path: ["command"],
      message:
        "must be an absolute path, or env must name the PATH to find it in: a program gets no environment but the one written here",
    },
  );

const serverUrl = z
  .string()
  .max(2048, "must be at most 2048 characters")
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), {
    message: "must be a URL that starts with https:// or http://",
    abort: true,
  })
  .refine((text) => {
    const url = URL.parse(text);
    return url?.username === "" && url.password === "" && url.hash === "";
  }, "must not contain a user, a password or a fragment; put credentials into headers as secret:NAME");

const httpServer = z.strictObject({
  transport: z.literal("http"),
  url: serverUrl,
  headers: headers.default({}),
  timeout_seconds: timeoutSeconds,
  /** For the connection alone; 10 where it is left out. */
  connect_timeout_seconds: z
    .number("must be a number of seconds")
    .min(0.1, "must be at least 0.1 seconds")
    .max(60, "must be at most 60 seconds")
    .optional(),
  /** How long no byte may come while an answer is awaited; 300 where it is left out. */
  idle_timeout_seconds: z
    .number("must be a number of seconds")
    .min(1, "must be at least 1 second")
    .max(600, "must be at most 600 seconds")
    .optional(),
});

/**
 * The body of a `tool_server` contract: a program on this machine that speaks MCP on its standard input and output, or
 * a Streamable HTTP endpoint. A program starts with an empty environment plus `env`, in `cwd` (default: the system's
 * folder for temporary files); to be found without an absolute path, `env` has to name a `PATH`.
 */
export const toolServerBody = z.discriminatedUnion("transport", [stdioServer, httpServer], {
  error: (issue) =>
    issue.code === "invalid_union" ? 'transport must be "stdio" or "http"' : undefined,
});

/** A valid `tool_server` contract body with its defaults filled in. */
export type ToolServerBody = z.infer<typeof toolServerBody>;
