import type { FieldError } from "../platform/errors.ts";
import { AppError } from "../platform/errors.ts";
import { createApi, ServerProblem } from "./api.ts";
import { type Call, type Command, type Parsed, parseCommand } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { helpOf, overview } from "./help.ts";
import { oneLine } from "./table.ts";
import { usageError } from "./usage.ts";

const DONE = 0;
const FAILED = 1;
const BAD_USAGE = 2;

/** What a command line is run with. */
export interface Terminal {
  env: NodeJS.ProcessEnv;
  print(text: string): void;
  complain(text: string): void;
  readInput(): Promise<string>;
}

/** Runs one command line; answers the exit status: 0 done, 1 failed, 2 the command line was wrong. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [noun, verb] = argv;
  if (noun === undefined) {
    terminal.complain(overview(COMMANDS));
    return BAD_USAGE;
  }
  if (noun === "--help" || noun === "help") {
    terminal.print(overview(COMMANDS));
    return DONE;
  }
  const ofNoun = COMMANDS.filter((command) => command.name.startsWith(`${noun} `));
  if (ofNoun.length > 0 && verb === "--help") {
    terminal.print(overview(ofNoun));
    return DONE;
  }
  const wantsJson = argv.includes("--json");
  try {
    const command = COMMANDS.find((candidate) => candidate.name === `${noun} ${verb}`);
    if (!command) throw unknownCommand(noun, verb, ofNoun);
    const parsed = parseCommand(command, argv.slice(2));
    if (parsed.values.help === true) terminal.print(helpOf(command));
    else await command.run(callOf(parsed, terminal));
    return DONE;
  } catch (error) {
    terminal.complain(wantsJson ? asJson(error) : inWords(error));
    return error instanceof AppError && error.code === "E-CLI-USAGE" ? BAD_USAGE : FAILED;
  }
}

function unknownCommand(noun: string, verb: string | undefined, ofNoun: readonly Command[]) {
  if (noun.startsWith("-"))
    return usageError(`The command comes first, then options like ${noun}.`);
  const known = (ofNoun.length > 0 ? ofNoun : COMMANDS).map((command) => command.name).join(", ");
  const given = [noun, verb].filter((word) => word !== undefined).join(" ");
  return usageError(`There is no command "${given}". There is: ${known}.`);
}

function callOf({ args, values }: Parsed, terminal: Terminal): Call {
  const option = (name: string) => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    args,
    option,
    required(name) {
      const value = option(name);
      if (value === undefined) throw usageError(`--${name} is missing.`);
      return value;
    },
    all: (name) => [values[name] ?? []].flat().filter((value) => typeof value === "string"),
    isSet: (name) => values[name] === true,
    api: createApi(terminal.env),
    show: (answer, words) =>
      terminal.print(values.json === true ? JSON.stringify(answer, null, 2) : words()),
    readInput: terminal.readInput,
  };
}

/** What went wrong, as far as it may be told. */
function factsOf(error: unknown): { code: string; detail: string; errors: readonly FieldError[] } {
  if (error instanceof ServerProblem || error instanceof AppError) {
    return { code: error.code, detail: error.message, errors: error.errors ?? [] };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "E-INTERNAL", detail, errors: [] };
}

function asJson(error: unknown): string {
  return JSON.stringify(factsOf(error), null, 2);
}

function inWords(error: unknown): string {
  const { code, detail, errors } = factsOf(error);
  const text = code === "E-INTERNAL" ? detail : oneLine(detail);
  const help = code === "E-CLI-USAGE" ? "\nAdd --help to see how it is used." : "";
  const lines = errors.map(({ path, message }) => `  ${oneLine(path)}: ${oneLine(message)}`);
  return [`${code}: ${text}${help}`, ...lines].join("\n");
}
