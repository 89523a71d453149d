import { stringify } from "yaml";
import type { DiffResponse, RevisionDetail } from "../contracts/lifecycle-contract.ts";
import { segment } from "./api.ts";
import type { Command } from "./command.ts";
import { changesInWords } from "./contracts-words.ts";
import { moment, oneLine, table } from "./table.ts";

export const contractsShow: Command = {
  name: "contracts show",
  summary: "Show a contract revision: what it says and how it came to be",
  takes: ["REVISION_ID"],
  options: {},
  async run({ api, args, show }) {
    const revision = await api.get<RevisionDetail>(`/contracts/${segment(args[0] ?? "")}`);
    show(revision, () => inWords(revision));
  },
};

function inWords(revision: RevisionDetail): string {
  const facts: [string, string | null][] = [
    ["project", revision.project_id],
    ["family", revision.contract_family],
    ["contract", revision.contract_id],
    ["version", revision.version],
    ["status", `${revision.lifecycle_status}${revision.is_approved ? ", approved" : ""}`],
    ["change", revision.change_level],
    ["base", revision.base_revision_id],
    ["author", revision.created_by],
    ["created", moment(revision.created_at)],
  ];
  const history = table(
    revision.transitions,
    [
      ["time", (row) => moment(row.at)],
      ["what", (row) => row.event],
      ["status", (row) => row.to_status],
      ["who", (row) => row.actor_id],
      ["why", (row) => row.reason],
    ],
    "Its history was not recorded.",
  );
  return [
    ...facts.map(([name, value]) => `${name.padEnd(9)} ${value ?? "–"}`),
    ...revision.change_reasons.map(({ text }) => `wider     ${oneLine(text)}`),
    "",
    history,
    "",
    stringify(revision.body).trimEnd(),
  ].join("\n");
}

export const contractsDiff: Command = {
  name: "contracts diff",
  summary: "Compare two revisions: what B may do that A may not, and the reverse",
  takes: ["REVISION_A", "REVISION_B"],
  options: {},
  async run({ api, args, show }) {
    const [a = "", b = ""] = args;
    const diff = await api.get<DiffResponse>(`/contracts/${segment(a)}/diff/${segment(b)}`);
    show(diff, () => diffInWords(diff));
  },
};

function diffInWords({ from, to, level, permissions, patch }: DiffResponse): string {
  const changes = changesInWords(permissions);
  const operations = patch.map(({ op, path, value }) => {
    const what = op === "remove" ? "" : ` ${JSON.stringify(value)}`;
    return `${op.padEnd(8)} ${oneLine(`${path}${what}`)}`;
  });
  return [
    `${from.contract_id} ${from.version} → ${to.contract_id} ${to.version}: a ${level} change`,
    "",
    ...(changes.length > 0 ? changes : ["No permission differs."]),
    "",
    ...(operations.length > 0 ? operations : ["The bodies are the same."]),
  ].join("\n");
}
