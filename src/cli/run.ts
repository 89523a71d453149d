import { AppError } from "../platform/errors.ts";
import { createApi, type Fault, ServerProblem } from "./api.ts";
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
  const [noun] = argv;
  if (noun === undefined) {
    terminal.complain(overview(COMMANDS));
    return BAD_USAGE;
  }
  if (noun === "--help" || noun === "help") {
    terminal.print(overview(COMMANDS));
    return DONE;
  }
  const asked = argv.indexOf("--help");
  const group = asked === -1 ? [] : commandsUnder(argv.slice(0, asked));
  if (group.length > 0) {
    terminal.print(overview(group));
    return DONE;
  }
  const wantsJson = argv.includes("--json");
  try {
    const command = COMMANDS.find(({ name }) => begins(argv, name.split(" ")));
    if (!command) throw unknownCommand(argv);
    const parsed = parseCommand(command, argv.slice(command.name.split(" ").length));
    if (parsed.values.help === true) terminal.print(helpOf(command));
    else await command.run(callOf(parsed, terminal));
    return DONE;
  } catch (error) {
    terminal.complain(wantsJson ? asJson(error) : inWords(error));
    return error instanceof AppError && error.code === "E-CLI-USAGE" ? BAD_USAGE : FAILED;
  }
}

const begins = (line: readonly string[], words: readonly string[]) =>
  words.every((word, at) => line[at] === word);

/** The commands whose names go on after these words. */
function commandsUnder(words: readonly string[]): Command[] {
  return COMMANDS.filter(({ name }) => {
    const all = name.split(" ");
    return all.length > words.length && begins(all, words);
  });
}

function unknownCommand(argv: readonly string[]) {
  const [noun = ""] = argv;
  if (noun.startsWith("-"))
    return usageError(`The command comes first, then options like ${noun}.`);
  // As many words as begin a command, and the one that goes astray.
  let depth = 0;
  while (depth < argv.length && commandsUnder(argv.slice(0, depth + 1)).length > 0) depth += 1;
  const known = commandsUnder(argv.slice(0, depth)).map((command) => command.name);
  const given = argv.slice(0, Math.max(depth + 1, 2)).join(" ");
  return usageError(`There is no command "${given}". There is: ${known.join(", ")}.`);
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
    note: terminal.complain,
    readInput: terminal.readInput,
  };
}

/** What went wrong, as far as it may be told. */
function factsOf(error: unknown): { code: string; detail: string; errors: readonly Fault[] } {
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
