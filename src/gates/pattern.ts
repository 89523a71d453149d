import { createContext, Script } from "node:vm";
import { RE2JS } from "re2js";

const LIMIT_MS = 100;
const TEST = new Script("pattern.test(text)");

/** What Ajv needs of a compiled pattern; it tells the patterns of a schema apart by `toString()`. */
export interface Pattern {
  test(text: string): boolean;
  toString(): string;
}

/**
 * Compiles a pattern of a JSON Schema (ECMA-262, unicode). Schemas are untrusted, so a pattern runs on RE2, which is
 * linear in the input. What RE2 does not have (look-around, large repeat counts) runs on the engine of the language with
 * a time limit: past it the test throws, and what can't be tested does not pass.
 *
 * @throws SyntaxError when it is no pattern at all
 */
export function compilePattern(pattern: string): Pattern {
  const source = { toString: () => pattern };
  try {
    const linear = RE2JS.compile(pattern);
    return { ...source, test: (text) => linear.matcher(text).find() };
  } catch {
    const native = new RegExp(pattern, "u");
    return { ...source, test: (text) => testWithin(native, text) };
  }
}

function testWithin(pattern: RegExp, text: string): boolean {
  const context = createContext({ pattern, text });
  return TEST.runInContext(context, { timeout: LIMIT_MS }) === true;
}
