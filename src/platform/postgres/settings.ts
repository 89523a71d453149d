import { PORT } from "./layout.ts";

/**
 * The setting whose value names the data directory on PostgreSQL's command line, also when `-D`
 * cannot: by it we know our own orphan among processes, and a person knows it in `ps`.
 */
const IDENTITY = "awooop.data_dir";

/** As it appears on the command line. */
export function identityArgument(dataDir: string): string {
  return `${IDENTITY}=${dataDir}`;
}

/**
 * Built for a machine that may lose power: durable before fast. Everything is given on the command
 * line, so `postgresql.conf` stays as initdb wrote it and an upgrade cannot leave old values behind.
 */
const DEFAULTS: Record<string, string> = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  max_connections: "100",
  // Our queries are short; compiling them costs more than it saves.
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  logging_collector: "off",
  log_line_prefix: "",
  // Failing statements are the caller's errors, and their texts hold tenants' data: not for a log.
  log_min_messages: "log",
  log_min_error_statement: "panic",
  log_checkpoints: "off",
};

/** PostgreSQL's command line after `-D`; what isolates the server cannot be overridden. */
export function serverArguments(
  place: { dataDir: string; socketDir: string },
  extra: Readonly<Record<string, string>>,
): string[] {
  const settings: Record<string, string> = {
    ...DEFAULTS,
    ...extra,
    listen_addresses: "",
    port: String(PORT),
    // A list, in which only quotes keep commas and spaces of a path together.
    unix_socket_directories: `"${place.socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
  };
  return [
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    "-c",
    identityArgument(place.dataDir),
  ];
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** One line of PostgreSQL's own log (in English: it runs with LC_ALL=C) as level and text. */
export function parseLogLine(line: string): { level: LogLevel; text: string } {
  const match = /^([A-Z]+[0-9]?): {2}(.*)$/.exec(line);
  const severity = match?.[1] ?? "";
  const text = match?.[2] ?? line.trim();
  if (severity === "PANIC") return { level: "error", text };
  // FATAL ends one connection, for reasons such as an unknown database; not the server.
  if (severity === "FATAL" || severity === "WARNING") return { level: "warn", text };
  return { level: "debug", text };
}
