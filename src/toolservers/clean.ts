import type { Flag } from "./flags-contract.ts";
import { flagComments, flagInstructions, READ_MAX } from "./instructions.ts";
import { withoutInvisible } from "./invisible.ts";
import type { ToolDefinition } from "./pins.ts";

/** What an agent is shown of a tool's own description, and of the description of one of its arguments. */
const DESCRIPTION_MAX = 8_000;
const PART_MAX = 2_000;
const DEEPEST = 100;

type Json = Record<string, unknown>;

interface Reader {
  flags: Set<Flag>;
  /** How many characters are still read for signs of instructions. */
  left: number;
  where: "description" | "answer";
}

const NOTHING: readonly Flag[] = [];
const newReader = (where: Reader["where"]): Reader => ({ flags: new Set(), left: READ_MAX, where });
const flagsOf = ({ flags }: Reader) => (flags.size === 0 ? NOTHING : [...flags].sort());

function cleanText(text: string, reader: Reader): string {
  const { flags, where } = reader;
  const clean = withoutInvisible(text, flags);
  if (clean.length > reader.left) flags.add("partly_read");
  const read = clean.length > reader.left ? clean.slice(0, reader.left) : clean;
  reader.left -= read.length;
  flagInstructions(read, flags);
  flagComments(read, where, flags);
  return clean;
}

/** The value with `change` done to each of its texts; the value itself where nothing changed. */
function overTexts(value: unknown, change: (text: string) => string, depth = 0): unknown {
  if (typeof value === "string") return change(value);
  if (value === null || typeof value !== "object" || depth > DEEPEST) return value;
  if (Array.isArray(value)) {
    const parts = value.map((part) => overTexts(part, change, depth + 1));
    return parts.some((part, at) => part !== value[at]) ? parts : value;
  }
  return withFields(value as Json, (_, part) => overTexts(part, change, depth + 1));
}

function withFields(of: Json, change: (name: string, value: unknown) => unknown): Json {
  let changed: Json | undefined;
  for (const [name, value] of Object.entries(of)) {
    const next = change(name, value);
    if (next === value) continue;
    changed ??= { ...of };
    // An assignment to `__proto__` would do something else.
    Object.defineProperty(changed, name, {
      value: next,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return changed ?? of;
}

/** The fields of a content block that hold text for a reader; `data` and `blob` are bytes. */
const READ = new Set(["text", "title", "description"]);

function cleanBlock(block: unknown, reader: Reader): unknown {
  if (block === null || typeof block !== "object" || Array.isArray(block)) return block;
  return withFields(block as Json, (name, value) => {
    if (typeof value === "string" && READ.has(name)) return cleanText(value, reader);
    return name === "resource" ? cleanBlock(value, reader) : value;
  });
}

function cleanBlocks(blocks: readonly unknown[], reader: Reader): readonly unknown[] {
  const clean = blocks.map((block) => cleanBlock(block, reader));
  return clean.some((block, at) => block !== blocks[at]) ? clean : blocks;
}

/** Messages of a prompt, or of what a model shall go on with. */
function cleanMessages(messages: readonly unknown[], reader: Reader): readonly unknown[] {
  const clean = messages.map((message) => {
    if (message === null || typeof message !== "object" || Array.isArray(message)) return message;
    return withFields(message as Json, (name, value) => {
      if (name !== "content") return value;
      return Array.isArray(value) ? cleanBlocks(value, reader) : cleanBlock(value, reader);
    });
  });
  return clean.some((message, at) => message !== messages[at]) ? clean : messages;
}

/**
 * An answer of a tool server (the result of a tool, a resource's contents, a prompt's messages) as an agent may have it: without characters that nobody sees, in its text
 * and in the texts of its structured content, which many clients hand to the model as well; names of fields stay as
 * they are. What it reads like is flagged and left as it is. The flags are also in `_meta["awooop/flags"]`; what the
 * tool server itself put under `awooop/` is left out, for it would pass as ours.
 *
 * @returns the very result where nothing had to be changed
 */
export function cleanResult(result: Json): { result: Json; flags: readonly Flag[] } {
  const reader = newReader("answer");
  const clean = withFields(result, (name, value) => {
    if (Array.isArray(value)) {
      if (name === "content" || name === "contents") return cleanBlocks(value, reader);
      if (name === "messages") return cleanMessages(value, reader);
    }
    if (name === "structuredContent") return overTexts(value, (text) => cleanText(text, reader));
    return name === "_meta" ? withoutOurs(value) : value;
  });
  const flags = flagsOf(reader);
  if (flags.length === 0) return { result: clean, flags };
  const meta = { ...(clean._meta as object | undefined), "awooop/flags": flags };
  return { result: { ...clean, _meta: meta }, flags };
}

/** What is listed beside tools, in words without characters that nobody sees and of reasonable length. */
export function cleanItem(item: Json): Json {
  const reader = newReader("description");
  return withFields(item, (name, value) => {
    if (typeof value === "string" && READ.has(name)) return shortened(value, PART_MAX, reader);
    return name === "_meta" ? withoutOurs(value) : value;
  });
}

/** A question to a person or a model, in its words without characters that nobody sees. */
export function cleanQuestion(params: Json): Json {
  const reader = newReader("answer");
  return withFields(params, (name, value) => {
    if (name === "message" || name === "systemPrompt")
      return typeof value === "string" ? cleanText(value, reader) : value;
    return name === "messages" && Array.isArray(value) ? cleanMessages(value, reader) : value;
  });
}

function withoutOurs(meta: unknown): unknown {
  if (meta === null || typeof meta !== "object") return meta;
  const ours = (name: string) => name.startsWith("awooop/");
  if (!Object.keys(meta).some(ours)) return meta;
  return Object.fromEntries(Object.entries(meta).filter(([name]) => !ours(name)));
}

/** Parts of a JSON Schema that are data and no words about it. */
const DATA = new Set(["default", "const", "enum", "examples", "example"]);
const WORDS = new Set(["description", "title", "$comment"]);

function cleanSchema(schema: unknown, reader: Reader, depth = 0): unknown {
  if (schema === null || typeof schema !== "object" || depth > DEEPEST) return schema;
  if (Array.isArray(schema)) {
    const parts = schema.map((part) => cleanSchema(part, reader, depth + 1));
    return parts.some((part, at) => part !== schema[at]) ? parts : schema;
  }
  return withFields(schema as Json, (name, value) => {
    if (typeof value === "string" && WORDS.has(name)) return shortened(value, PART_MAX, reader);
    // A call needs these as they are; what is in them is only looked at.
    if (DATA.has(name)) {
      overTexts(value, (text) => cleanText(text, reader));
      return value;
    }
    withoutInvisible(name, reader.flags);
    return cleanSchema(value, reader, depth + 1);
  });
}

function shortened(text: string, most: number, reader: Reader): string {
  const clean = cleanText(text, reader);
  if (clean.length <= most) return clean;
  reader.flags.add("cut");
  const end = most - (/[\ud800-\udbff]/.test(clean.charAt(most - 1)) ? 1 : 0);
  return `${clean.slice(0, end)}… [${clean.length - end} more characters were left out]`;
}

/**
 * A tool as an agent may see it: its descriptions and titles, and those within its schemas, cut to a reasonable length
 * and without characters that nobody sees. Everything that a call depends on stays as it is. The pin is the hash of
 * what the tool server sent, not of this.
 *
 * @returns the very definition where nothing had to be changed
 */
export function cleanDefinition(tool: ToolDefinition): {
  definition: ToolDefinition;
  flags: readonly Flag[];
} {
  const reader = newReader("description");
  const definition = withFields(tool, (name, value) => {
    if (name === "description" || name === "title") {
      return typeof value === "string" ? shortened(value, DESCRIPTION_MAX, reader) : value;
    }
    if (name === "inputSchema" || name === "outputSchema") return cleanSchema(value, reader);
    if (name === "annotations") return overTexts(value, (text) => cleanText(text, reader));
    return value;
  });
  return { definition: definition as ToolDefinition, flags: flagsOf(reader) };
}

/** What is odd about the texts within some data, which stays as it is. */
export function oddTextWithin(data: unknown): readonly Flag[] {
  const reader = newReader("answer");
  overTexts(data, (text) => cleanText(text, reader));
  return flagsOf(reader);
}
