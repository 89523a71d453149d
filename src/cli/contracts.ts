import type { z } from "zod";
import type { applyResponse, ContractsResponse } from "../contracts/contract.ts";
import type { FieldError } from "../platform/errors.ts";
import { ServerProblem } from "./api.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { type FileDocument, readContractFiles } from "./contract-files.ts";
import { moment, table } from "./table.ts";
import { usageError } from "./usage.ts";

type Applied = z.output<typeof applyResponse>;

export const contractsApply: Command = {
  name: "contracts apply",
  summary: "Apply contracts from files: all of them or none",
  details: `A file is YAML (several contracts separated by ---) or JSON (one contract or a list).
\${NAME} inside a text is replaced by the value of --set NAME=VALUE and by nothing else; write
$\${NAME} to mean it literally. Secrets don't belong there: name them as secret:NAME.`,
  takes: ["FILE…"],
  options: {
    project: { value: "PROJECT_ID", help: "the project of contracts that don't name one" },
    set: { value: "NAME=VALUE", multiple: true, help: "a value for a placeholder, see below" },
    "dry-run": { help: "check everything and change nothing" },
  },
  async run({ all, api, args, isSet, option, show }) {
    const documents = await readContractFiles(args, assignments(all("set")));
    const dryRun = isSet("dry-run");
    let applied: Applied;
    try {
      applied = await api.send<Applied>("POST", "/contracts/apply", {
        documents: documents.map((document) => document.value),
        project_id: option("project"),
        dry_run: dryRun,
      });
    } catch (error) {
      throw error instanceof ServerProblem ? inTheFiles(error, documents) : error;
    }
    show(
      applied,
      () => report(applied) + (dryRun ? "\n\nThis was a dry run; nothing has changed." : ""),
    );
  },
};

function assignments(given: readonly string[]): Map<string, string> {
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

/** The server's errors with the places in the files instead of those in the request. */
function inTheFiles(problem: ServerProblem, documents: readonly FileDocument[]): ServerProblem {
  const errors = problem.errors.map((error): FieldError => {
    const [, at, path = ""] = /^documents\.(\d+)\.?(.*)$/.exec(error.path) ?? [];
    const document = documents[Number(at)];
    if (!document) return error;
    const place = `${document.file}:${document.lineOf(path.split("."))}`;
    return { path: path === "" ? place : `${place}: ${path}`, message: error.message };
  });
  const detail =
    problem.code === "E-CONTRACT-INVALID"
      ? `Nothing was applied; ${errors.length === 1 ? "one thing is" : `${errors.length} things are`} wrong:`
      : problem.message.replaceAll(/\bdocuments\.(\d+)/g, (text, at: string) => {
          const document = documents[Number(at)];
          return document ? `${document.file}:${document.lineOf([])}` : text;
        });
  return new ServerProblem({ code: problem.code, detail, errors });
}

function report({ results }: Applied): string {
  const applied = table(
    results,
    [
      ["project", (row) => row.project_id],
      ["family", (row) => row.contract_family],
      ["contract", (row) => row.contract_id],
      ["version", (row) => row.version],
      ["status", (row) => row.status],
    ],
    "",
  );
  const warnings = results.flatMap((row) =>
    row.warnings.map((warning) => `warning: ${row.contract_id}: ${warning}`),
  );
  return [applied, ...(warnings.length > 0 ? ["", ...warnings] : [])].join("\n");
}

export const contractsList: Command = {
  name: "contracts list",
  summary: "List contract revisions, newest first",
  takes: [],
  options: {
    project: { value: "PROJECT_ID", help: "only of this project" },
    family: { value: "FAMILY", help: "only agent, tool_server or channel" },
    status: { value: "STATUS", help: "only in this status, such as active" },
    id: { value: "CONTRACT_ID", help: "only of this contract" },
    ...PAGING,
  },
  async run({ api, option, show }) {
    const answer = await api.get<ContractsResponse>("/contracts", {
      project_id: option("project"),
      contract_family: option("family"),
      lifecycle_status: option("status"),
      contract_id: option("id"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(
      answer,
      () =>
        table(
          answer.contracts,
          [
            ["project", (row) => row.project_id],
            ["family", (row) => row.contract_family],
            ["contract", (row) => row.contract_id],
            ["version", (row) => `${row.version_major}.${row.version_minor}`],
            ["status", (row) => row.lifecycle_status],
            ["created", (row) => moment(row.created_at)],
            ["revision", (row) => row.revision_id],
          ],
          "There are no such contracts.",
        ) + moreHint(answer),
    );
  },
};
