import { z } from "zod";
import { says } from "../platform/findings-contract.ts";

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
  .max(8192)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  .regex(/^[^\u0000-\u0008\u000a-\u001f\u007f]*$/, says("no_control_characters"))
  .refine(
    (value) => !value.includes("secret:") || SECRET_VALUE.test(value),
    says("no_secret_value"),
  );

const noNul = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !text.includes("\u0000"), says("no_nul"));

const absolutePath = noNul(4096).regex(/^(\/|[A-Za-z]:[\\/])/, says("no_absolute_path"));

const timeoutSeconds = z.number().min(1).max(600).default(30);

const atMost = (count: number) => (entries: object) => Object.keys(entries).length <= count;

/** Says what is wrong with a key of a record, instead of only that something is. */
const aboutKey = (issue: { code?: string | undefined; issues?: { message?: string }[] }) =>
  issue.code === "invalid_key" ? issue.issues?.[0]?.message : undefined;

const environment = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, says("no_variable")), configValue, {
    error: aboutKey,
  })
  .refine(atMost(64), says("too_many", { max: 64 }));

/** Headers that the connection sets itself; a contract that set them could only break it. */
const OWN_HEADERS =
  /^(?:accept|accept-encoding|connection|content-length|content-type|host|last-event-id|mcp-.*|te|trailer|transfer-encoding|upgrade)$/i;

const headers = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, says("no_header"))
      .refine((name) => !OWN_HEADERS.test(name), says("own_header")),
    configValue,
    { error: aboutKey },
  )
  .refine(atMost(32), says("too_many", { max: 32 }));

const between = (least: number, most: number) => z.number().int().min(least).max(most);

/** What a program may use up, with all that it starts. */
const programLimits = z.strictObject({
  /** Resident memory; 1024 where it is left out. */
  memory_mb: between(32, 1_048_576).optional(),
  /** Processor time over the program's whole life; then it is ended and started anew. */
  cpu_seconds: between(1, 31_536_000).optional(),
  open_files: between(16, 1_048_576).optional(),
});
export type ProgramLimits = z.infer<typeof programLimits>;

const stdioServer = z
  .strictObject({
    transport: z.literal("stdio"),
    command: noNul(4096).min(1, says("program_needed")),
    args: z.array(noNul(8192)).max(128).default([]),
    env: environment.default({}),
    cwd: absolutePath.optional(),
    timeout_seconds: timeoutSeconds,
    limits: programLimits.optional(),
    /** `shared`: one process for all projects whose contracts say exactly the same; else one for each project. */
    sharing: z.enum(["project", "shared"]).optional(),
  })
  .refine(
    ({ sharing, env }) =>
      sharing !== "shared" ||
      Object.values(env).every((value) => parseConfigValue(value).kind === "literal"),
    { path: ["sharing"], message: says("shared_secrets") },
  )
  .refine(
    (server) => absolutePath.safeParse(server.command).success || /^[^/\\]+$/.test(server.command),
    { path: ["command"], message: says("no_program") },
  )
  .refine(
    (server) => absolutePath.safeParse(server.command).success || server.env.PATH !== undefined,
    { path: ["command"], message: says("path_needed") },
  );

const serverUrl = z
  .string()
  .max(2048)
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), {
    message: says("no_url"),
    abort: true,
  })
  .refine((text) => {
    const url = URL.parse(text);
    return url?.username === "" && url.password === "" && url.hash === "";
  }, says("url_with_credentials"));

const httpServer = z.strictObject({
  transport: z.literal("http"),
  url: serverUrl,
  headers: headers.default({}),
  timeout_seconds: timeoutSeconds,
  /** For the connection alone; 10 where it is left out. */
  connect_timeout_seconds: z.number().min(0.1).max(60).optional(),
  /** How long no byte may come while an answer is awaited; 300 where it is left out. */
  idle_timeout_seconds: z.number().min(1).max(600).optional(),
});

/**
 * The body of a `tool_server` contract: a program on this machine that speaks MCP on its standard input and output, or
 * a Streamable HTTP endpoint. A program starts with an empty environment plus `env`, in `cwd` (default: the system's
 * folder for temporary files); to be found without an absolute path, `env` has to name a `PATH`.
 */
export const toolServerBody = z.discriminatedUnion("transport", [stdioServer, httpServer]);

/** A valid `tool_server` contract body with its defaults filled in. */
export type ToolServerBody = z.infer<typeof toolServerBody>;
