import type { LifecycleEvent } from "../contracts/contract.ts";
import type { DraftResponse, RevisionHead } from "../contracts/lifecycle-contract.ts";
import { ServerProblem, segment } from "./api.ts";
import type { Command } from "./command.ts";
import { CONTRACT_FILES, contractsIn, FILE_HELP, inTheFiles } from "./contracts-apply.ts";
import { changesInWords } from "./contracts-words.ts";
import { usageError } from "./usage.ts";

export const contractsDraft: Command = {
  name: "contracts draft",
  summary: "Store a contract from a file as a draft, for others to look at",
  details: FILE_HELP,
  takes: ["[FILE]"],
  options: CONTRACT_FILES,
  async run({ all, api, args, option, show }) {
    const documents = await contractsIn([...all("file"), ...args], all("set"));
    const [document, ...more] = documents;
    if (!document || more.length > 0) {
      throw usageError(`A draft is of one contract; there are ${documents.length} in the files.`);
    }
    const { value } = document;
    // The contract says its project, or else the command line does.
    const body = isObject(value) ? { project_id: option("project"), ...value } : value;
    try {
      const draft = await api.send<DraftResponse>("POST", "/contracts", body);
      show(draft, () => draftInWords(draft));
    } catch (error) {
      if (!(error instanceof ServerProblem)) throw error;
      throw inTheFiles(error, documents, "The draft was not stored");
    }
  },
};

function isObject(value: unknown): value is object {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function draftInWords(draft: DraftResponse): string {
  return [
    `Drafted ${draft.contract_id} ${draft.version}: ${draft.revision_id}`,
    ...changesInWords(draft.permissions),
    ...draft.warnings.map((warning) => `warning: ${warning}`),
  ].join("\n");
}

const SUMMARIES: Readonly<Record<LifecycleEvent, string>> = {
  submit: "Submit a draft for review",
  approve: "Approve a revision in review",
  reject: "Reject a revision in review, for good",
  activate: "Make an approved revision the active one",
  deprecate: "Take the active revision out of use",
  retire: "Retire a deprecated revision, for good",
};

/** One command for each step of a revision's life. */
export const contractsSteps: readonly Command[] = (
  Object.entries(SUMMARIES) as [LifecycleEvent, string][]
).map(([event, summary]) => ({
  name: `contracts ${event}`,
  summary,
  takes: ["REVISION_ID"],
  options: { reason: { value: "TEXT", help: "why, for the revision's history" } },
  async run({ api, args, option, required, show }) {
    const path = `/contracts/${segment(args[0] ?? "")}/${event}`;
    const reason = event === "reject" ? required("reason") : option("reason");
    const head = await api.send<RevisionHead>("POST", path, { reason });
    const { contract_id, version, lifecycle_status: now } = head;
    const status = now === "review" ? `in review${head.is_approved ? " and approved" : ""}` : now;
    show(head, () => `${contract_id} ${version} is ${status}.`);
  },
}));
