import { parseArgs } from "node:util";
import type { Api } from "./api.ts";
import { usageError } from "./usage.ts";

/** An option of a command, as it is parsed and as `--help` shows it. */
export interface Option {
  /** What stands for its value in the help; an option without it is a switch. */
  value?: string;
  /** One letter that stands for it: `-f`. */
  short?: string;
  /** Whether it may be given more than once. */
  multiple?: boolean;
  help: string;
}

/** One command of the command line. */
export interface Command {
  /** One word or several: `contracts apply`. */
  name: string;
  summary: string;
  /** Further help, after the options. */
  details?: string;
  /** What it takes besides options: `FILE…` is one or more, `[FILE…]` any number, `[NAME]` none or one, `NAME` exactly one. */
  takes: readonly string[];
  options: Readonly<Record<string, Option>>;
  run(call: Call): Promise<void>;
}

/** A command as it was called. */
export interface Call {
  args: readonly string[];
  /** The value of an option, if it was given. */
  option(name: string): string | undefined;
  /** @throws AppError E-CLI-USAGE when it was not given */
  required(name: string): string;
  all(name: string): readonly string[];
  isSet(name: string): boolean;
  api: Api;
  /** Prints the answer: as JSON with --json, else in words. */
  show(answer: unknown, inWords: () => string): void;
  /** Says meanwhile how far it has come, on standard error. */
  note(line: string): void;
  /** Everything on standard input, as text. */
  readInput(): Promise<string>;
}

/** Options that every command has. */
export const COMMON_OPTIONS: Readonly<Record<string, Option>> = {
  json: { help: "print the server's answer as JSON" },
  help: { help: "show this help" },
};

/** The options and arguments of a command line, checked against the command. */
export interface Parsed {
  args: string[];
  values: Record<string, string | boolean | (string | boolean)[] | undefined>;
}

/** @throws AppError E-CLI-USAGE */
export function parseCommand(command: Command, argv: readonly string[]): Parsed {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(([name, option]) => [
      name,
      {
        type: option.value === undefined ? ("boolean" as const) : ("string" as const),
        multiple: option.multiple === true,
        ...(option.short === undefined ? {} : { short: option.short }),
      },
    ]),
  );
  let parsed: Parsed;
  try {
    const { positionals, values } = parseArgs({ args: [...argv], options, allowPositionals: true });
    parsed = { args: positionals, values };
  } catch (error) {
    throw usageError((error as Error).message.replace(/\.? To specify .*$/s, "."));
  }
  if (parsed.values.help !== true) checkCount(command, parsed.args);
  return parsed;
}

function checkCount(command: Command, args: readonly string[]): void {
  const least = command.takes.filter((name) => !name.startsWith("[")).length;
  const most = command.takes.some((name) => name.includes("…"))
    ? Number.POSITIVE_INFINITY
    : command.takes.length;
  if (args.length < least) throw usageError(`${command.takes[args.length]} is missing.`);
  if (args.length > most) throw usageError(`"${args[most]}" is one argument too many.`);
}

/** `--limit` and `--cursor`, which every list takes. */
export const PAGING: Readonly<Record<string, Option>> = {
  limit: { value: "N", help: "how many at most" },
  cursor: { value: "CURSOR", help: "where the previous page ended" },
};

/** What a list in words ends with when there is more of it. */
export function moreHint(answer: { next_cursor: string | null }): string {
  return answer.next_cursor === null ? "" : `\n\nThere is more: add --cursor ${answer.next_cursor}`;
}
