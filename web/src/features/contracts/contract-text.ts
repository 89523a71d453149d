import {
  type Document,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  stringify,
  visit,
} from "yaml";
import { finding } from "../../../../src/platform/findings-contract.ts";
import type { Found } from "../../app/findings.ts";

export type Notation = "yaml" | "json";

/** What is wrong at a line of a text, which is counted from 1. */
export interface Fault {
  line: number;
  /** Of the body, `tools.0.effect`; empty for the whole of it and for what is no field. */
  field: string;
  found: Found;
}

/** A text as it was read: what it says and where, or what is wrong with it. */
export type ReadText =
  | { ok: true; value: unknown; lineOf(path: readonly string[]): number }
  | { ok: false; faults: Fault[] };

/** One slip can make a parser complain of everything after it. */
const MOST_FAULTS = 20;
/** What may be repeated by anchors and aliases of YAML, so that a small text stays a small value. */
const MOST_ALIASES = 100;

/** What people look for first. The database keeps fields in an order of its own, which says nothing to them. */
const FIRST =
  "display_name description type transport url command driver mode key server tool effect approval".split(
    " ",
  );

/** A body as a person reads and writes it. */
export function written(body: unknown, notation: Notation): string {
  const told = inOrder(body);
  return notation === "json"
    ? `${JSON.stringify(told, null, 2)}\n`
    : stringify(told, { lineWidth: 100, aliasDuplicateObjects: false });
}

const rank = (field: string) => (FIRST.includes(field) ? FIRST.indexOf(field) : FIRST.length);

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([field, part]) => [field, inOrder(part)] as const);
  return Object.fromEntries(fields.sort(([a], [b]) => rank(a) - rank(b)));
}

/** Reads YAML, and JSON, which is a part of it; as the command line reads files. */
export function readText(text: string): ReadText {
  const lines = new LineCounter();
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = [
    ...[...document.errors, ...document.warnings].map(({ pos, message }) => ({
      line: lineAt(pos[0]),
      field: "",
      found: { message },
    })),
    ...lossyNumbers(document, lineAt),
  ];
  if (faults.length > 0) return { ok: false, faults: faults.slice(0, MOST_FAULTS) };
  const lineOf = (path: readonly string[]): number => {
    const node = path.length === 0 ? document.contents : document.getIn(path, true);
    if (isNode(node) && node.range) return lineAt(node.range[0]);
    return path.length === 0 ? 1 : lineOf(path.slice(0, -1));
  };
  try {
    // Through JSON, so that what is checked is what will be sent.
    const value: unknown = JSON.parse(
      JSON.stringify(document.toJS({ maxAliasCount: MOST_ALIASES }) ?? null),
    );
    return { ok: true, value, lineOf };
  } catch (error) {
    return {
      ok: false,
      faults: [{ line: 1, field: "", found: { message: (error as Error).message } }],
    };
  }
}

/** The numbers that JSON can't carry as they are written. */
function lossyNumbers(document: Document, lineAt: (offset: number) => number): Fault[] {
  const found: Fault[] = [];
  visit(document, {
    Scalar(_, node) {
      if (!isScalar(node) || typeof node.value !== "number") return;
      const isLost =
        !Number.isFinite(node.value) ||
        (/^[-+]?\d+$/.test(node.source ?? "") && !Number.isSafeInteger(node.value));
      if (!isLost) return;
      const lost = finding("lost_number", { number: node.source ?? "" });
      found.push({ line: lineAt(node.range?.[0] ?? 0), field: "", found: lost });
    },
  });
  return found;
}

/** Where the API found something wrong, `body.tools.0.effect`, as a line of the text that holds the body. */
export function faultsAt(
  read: Extract<ReadText, { ok: true }>,
  errors: readonly (Found & { path: string })[],
): Fault[] {
  return errors
    .map(({ path, ...found }) => {
      const [root, ...rest] = path.split(".");
      return root === "body"
        ? { line: read.lineOf(rest), field: rest.join("."), found }
        : { line: 1, field: path, found };
    })
    .sort((a, b) => a.line - b.line);
}
