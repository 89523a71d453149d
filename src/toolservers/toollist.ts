import { z } from "zod";
import { paramHeaderProblem } from "./paramheaders.ts";
import type { ToolDefinition } from "./pins.ts";
import { hasLoneSurrogate } from "./wellformed.ts";

const MAX_TOOLS = 1000;

const jsonObject = z.record(z.string(), z.unknown());

const tool = z.looseObject({
  name: z.string().regex(/^[\w./:-]{1,128}$/),
  description: z.string().optional(),
  inputSchema: jsonObject,
  outputSchema: jsonObject.optional(),
  annotations: jsonObject.optional(),
});

/** One page of `tools/list`; undefined when it is none. */
export function readPage(
  result: Record<string, unknown>,
): { tools: unknown[]; nextCursor: string | undefined } | undefined {
  const { tools, nextCursor } = result;
  if (!Array.isArray(tools)) return undefined;
  return { tools, nextCursor: typeof nextCursor === "string" ? nextCursor : undefined };
}

/** Whether the database can hold it and it has one canonical text: no NUL, no half of a surrogate pair. */
function isStorable(value: unknown): boolean {
  const json = JSON.stringify(value);
  return !hasLoneSurrogate(json) && !/(?<!\\)(?:\\\\)*\\u0000/.test(json);
}

/**
 * Keeps what is a usable tool, untouched, and names the rest: tools without a proper name or schema, second tools of
 * the same name, text that can't be stored, all beyond the first 1,000, and over HTTP those that want parameters in headers
 * against the protocol's rules.
 */
export function readTools(
  listed: readonly unknown[],
  isHttp = false,
): {
  tools: ToolDefinition[];
  refused: string[];
} {
  const tools = new Map<string, ToolDefinition>();
  const refused: string[] = [];
  for (const item of listed) {
    const found = tool.safeParse(item);
    const name = found.data?.name;
    const problem = found.data && isHttp ? paramHeaderProblem(found.data.inputSchema) : undefined;
    if (name === undefined || tools.has(name) || tools.size >= MAX_TOOLS || !isStorable(item)) {
      refused.push(name ?? "(a tool without a valid name or schema)");
    } else if (problem !== undefined) {
      refused.push(`${name}: ${problem}`);
    } else {
      tools.set(name, item as ToolDefinition);
    }
  }
  return { tools: [...tools.values()], refused };
}
