import { COMMON_OPTIONS, type Command, type Option } from "./command.ts";

const ENVIRONMENT = `Environment:
  AWOOOP_URL       the server's address (default http://127.0.0.1:4600)
  AWOOOP_KEY       the key to work with (awp_…)
  AWOOOP_KEY_FILE  or a file that holds it`;

/** All commands, or those of one noun. */
export function overview(commands: readonly Command[]): string {
  const lines = commands.map((command): [string, string] => [called(command), command.summary]);
  return `Usage: awooop COMMAND [OPTION…]\n\n${aligned(lines)}\n\nAdd --help to a command to see its options.\n\n${ENVIRONMENT}`;
}

/** One command with its options. */
export function helpOf(command: Command): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(
    ([name, option]): [string, string] => [optionName(name, option), option.help],
  );
  const details = command.details === undefined ? "" : `\n\n${command.details}`;
  return `Usage: awooop ${called(command)} [OPTION…]\n\n${command.summary}.\n\nOptions:\n${aligned(options)}${details}\n\n${ENVIRONMENT}`;
}

function called(command: Command): string {
  return [command.name, ...command.takes].join(" ");
}

function optionName(name: string, option: Option): string {
  const value = option.value === undefined ? "" : ` ${option.value}`;
  const short = option.short === undefined ? "" : `-${option.short}, `;
  return `${short}--${name}${value}${option.multiple ? " …" : ""}`;
}

function aligned(lines: readonly [string, string][]): string {
  const width = Math.max(...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}
