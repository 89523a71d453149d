import { Document, isCollection, isMap, isScalar, type Node, type YAMLMap } from "yaml";
import { redact } from "../platform/redact.ts";

/** One tool of a contract that is written for a person, with what there is to know about it. */
export interface NotedGrant {
  grant: Readonly<Record<string, unknown>>;
  notes: readonly string[];
}

/** A contract that is written for a person. */
export interface NotedContract {
  contractId: string;
  projectId: string;
  /** What the reader should know before anything else. */
  notes: readonly string[];
  /** The body without its tools. */
  body: Readonly<Record<string, unknown>>;
  limitNotes: readonly string[];
  tools: readonly NotedGrant[];
  /** What stands below the tools. */
  endNotes: readonly string[];
}

/** The contract as the API takes it. */
export function documentOf({ contractId, projectId, body, tools }: NotedContract) {
  return {
    contract_family: "agent" as const,
    contract_id: contractId,
    project_id: projectId,
    body: { ...body, tools: tools.map(({ grant }) => ({ ...grant })) },
  };
}

/** The contract as a file that `contracts apply` takes as it is. */
export function fileOf(contract: NotedContract): string {
  const file = new Document(literally(documentOf(contract)));
  file.commentBefore = comment(contract.notes);
  noteKey(file, "limits", contract.limitNotes);
  contract.tools.forEach(({ notes }, at) => {
    const node = file.getIn(["body", "tools", at], true) as Node;
    node.commentBefore = comment(notes);
    if (isMap(node)) setOut(node);
  });
  const tools = file.getIn(["body", "tools"], true);
  if (isCollection(tools) && contract.endNotes.length > 0)
    tools.comment = comment(contract.endNotes);
  return file.toString({ lineWidth: 0, flowCollectionPadding: true });
}

const SHORT = 100;

/** One line for a grant that is plain, and for the short parts of one that is not. */
function setOut(grant: YAMLMap): void {
  grant.flow = grant.items.every(({ value }) => isScalar(value));
  for (const { value } of grant.items) {
    if (isCollection(value)) value.flow = JSON.stringify(value).length <= SHORT;
  }
}

function noteKey(file: Document, key: string, notes: readonly string[]): void {
  const body = file.get("body", true);
  if (!isMap(body) || notes.length === 0) return;
  const pair = body.items.find((item) => isScalar(item.key) && item.key.value === key);
  if (isScalar(pair?.key)) pair.key.commentBefore = comment(notes);
}

/** Lines of a comment; some are others' words, so none can end the comment. */
function comment(notes: readonly string[]): string | null {
  return notes.length === 0 ? null : notes.map((note) => ` ${oneLine(note)}`).join("\n");
}

const LONGEST_NOTE = 400;

function oneLine(text: string): string {
  const plain = text
    .replaceAll(/\s+/gu, " ")
    .replaceAll(/[\p{C}\u2028\u2029]/gu, "")
    .trim();
  return plain.length <= LONGEST_NOTE ? plain : `${plain.slice(0, LONGEST_NOTE)}…`;
}

const LONGEST_QUOTE = 160;

/** Somebody's words, cut short, without what looks like a secret, and marked as theirs. */
export function quoted(words: string): string {
  const plain = redact(oneLine(words)).replaceAll(/[“”]/g, '"');
  return `“${plain.length <= LONGEST_QUOTE ? plain : `${plain.slice(0, LONGEST_QUOTE)}…`}”`;
}

/** Texts written so that `contracts apply` takes no part of them for a placeholder. */
function literally(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(/\$\{(?=[A-Za-z_]\w*\})/g, "$$$${");
  if (Array.isArray(value)) return value.map(literally);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, literally(part)]));
}
