import type { ApplyResponse } from "../contracts/contract.ts";
import { type Fault, ServerProblem } from "./api.ts";
import type { Command } from "./command.ts";
import { type FileDocument, readContractFiles } from "./contract-files.ts";
import { oneLine, table } from "./table.ts";
import { usageError } from "./usage.ts";

/** The files that a command reads contracts from. */
export const CONTRACT_FILES = {
  file: {
    value: "PATH",
    short: "f",
    multiple: true,
    help: "a file, or a folder with .yaml, .yml and .json files",
  },
  project: { value: "PROJECT_ID", help: "the project of contracts that don't name one" },
  set: { value: "NAME=VALUE", multiple: true, help: "a value for a placeholder, see below" },
} as const;

export const FILE_HELP = `A file is YAML (several contracts separated by ---) or JSON (one contract or a list).
\${NAME} inside a text is replaced by the value of --set NAME=VALUE and by nothing else; write
$\${NAME} to mean it literally. Secrets don't belong there: name them as secret:NAME.`;

export const contractsApply: Command = {
  name: "contracts apply",
  summary: "Apply contracts from files: all of them or none",
  details: `The plan is shown first. It is carried out as it was shown or not at all: when contracts change in
the meantime, nothing is applied.

${FILE_HELP}`,
  takes: ["[FILE…]"],
  options: {
    ...CONTRACT_FILES,
    "dry-run": { help: "show the plan and change nothing" },
    prune: { help: "also retire what is active in the project and in none of the files" },
  },
  async run({ all, api, args, isSet, option, show }) {
    const documents = await contractsIn([...all("file"), ...args], all("set"));
    const send = async (more: object) => {
      try {
        return await api.send<ApplyResponse>("POST", "/contracts/apply", {
          documents: documents.map((document) => document.value),
          project_id: option("project"),
          prune: isSet("prune"),
          ...more,
        });
      } catch (error) {
        throw error instanceof ServerProblem
          ? inTheFiles(error, documents, "Nothing was applied")
          : error;
      }
    };
    const plan = await send({ dry_run: true });
    if (isSet("dry-run")) {
      show(plan, () => `${planInWords(plan)}\n\nThis was a dry run; nothing has changed.`);
      return;
    }
    if (!isSet("json")) show(plan, () => planInWords(plan));
    const applied = await send({ expected_plan: plan.plan });
    show(applied, () => `\n${outcome(applied)}`);
  },
};

/** The contracts of the files and folders, with values put in place of `${NAME}`. */
export async function contractsIn(
  paths: readonly string[],
  assignments: readonly string[],
): Promise<FileDocument[]> {
  if (paths.length === 0) throw usageError("FILE is missing.");
  return readContractFiles(paths, assigned(assignments));
}

function assigned(given: readonly string[]): Map<string, string> {
  return new Map(
    given.map((text) => {
      const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
      if (name === undefined || value === undefined) {
        throw usageError(`--set must be NAME=VALUE, not "${text}".`);
      }
      return [name, value];
    }),
  );
}

/**
 * The server's errors with the places in the files instead of those in the request.
 *
 * @param outcome what did not happen, for a contract that is not valid
 */
export function inTheFiles(
  problem: ServerProblem,
  documents: readonly FileDocument[],
  outcome: string,
): ServerProblem {
  const isAlone = !problem.errors.some(({ path }) => path.startsWith("documents."));
  const errors = problem.errors.map((error): Fault => {
    const [, at, rest = ""] = /^documents\.(\d+)\.?(.*)$/.exec(error.path) ?? [];
    const path = at === undefined ? error.path : rest;
    const document = documents[at === undefined && isAlone ? 0 : Number(at)];
    if (!document || problem.code !== "E-CONTRACT-INVALID") return error;
    const place = `${document.file}:${document.lineOf(path.split("."))}`;
    return { path: path === "" ? place : `${place}: ${path}`, message: error.message };
  });
  const detail =
    problem.code === "E-CONTRACT-INVALID"
      ? `${outcome}; ${errors.length === 1 ? "one thing is" : `${errors.length} things are`} wrong:`
      : problem.message.replaceAll(/\bdocuments\.(\d+)/g, (text, at: string) => {
          const document = documents[Number(at)];
          return document ? `${document.file}:${document.lineOf([])}` : text;
        });
  return new ServerProblem({ code: problem.code, detail, errors });
}

function planInWords({ results, pruned }: ApplyResponse): string {
  const retired = pruned.map((row) => ({ ...row, change_level: null, status: "retired" }));
  const planned = table(
    [...results, ...retired],
    [
      ["project", (row) => row.project_id],
      ["family", (row) => row.contract_family],
      ["contract", (row) => row.contract_id],
      ["version", (row) => row.version],
      ["change", (row) => row.change_level],
      ["status", (row) => row.status],
    ],
    "",
  );
  const reasons = results.flatMap((row) =>
    row.reasons.map((reason) => `wider: ${row.contract_id}: ${oneLine(reason.text)}`),
  );
  const warnings = results.flatMap((row) =>
    row.warnings.map((warning) => `warning: ${row.contract_id}: ${oneLine(warning)}`),
  );
  return [planned, ...blockOf(reasons), ...blockOf(warnings)].join("\n");
}

const blockOf = (lines: readonly string[]) => (lines.length > 0 ? ["", ...lines] : []);

/** What was done, counted. */
function outcome({ results, pruned }: ApplyResponse): string {
  const counts = new Map<string, number>();
  for (const { status } of results) counts.set(status, (counts.get(status) ?? 0) + 1);
  if (pruned.length > 0) counts.set("retired", pruned.length);
  const done = [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
  const waiting = results.filter(({ status }) => status === "submitted");
  const hint = waiting.map(
    ({ contract_id, revision_id }) => `${contract_id} waits for another person: ${revision_id}`,
  );
  if (hint.length > 0) {
    hint.push("`contracts approve` is theirs to say; `contracts activate` then makes it active.");
  }
  return [`Done: ${done}.`, ...hint].join("\n");
}
