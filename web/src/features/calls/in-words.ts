import type { Call, Json } from "../../app/api.ts";

type JsonObject = { [key: string]: Json };

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const shown = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** `host shop-cache-01, older_than 24h`: what a call is about, when nobody wrote a sentence. */
export function argsInWords(args: Json): string {
  if (!isObject(args)) return "";
  return Object.entries(args)
    .map(([key, value]) => `${key} ${shown(value)}`)
    .join(", ");
}

/** The text parts of an MCP result, as one text. */
function textOf(result: JsonObject): string | undefined {
  if (!Array.isArray(result.content)) return undefined;
  const texts = result.content.flatMap((part) =>
    isObject(part) && typeof part.text === "string" ? [part.text] : [],
  );
  return texts.length > 0 ? texts.join("\n") : undefined;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** What is worth reading of an MCP result: its structured content, else its text, else all of it. */
export function contentOf(result: Json): Json {
  if (!isObject(result)) return result;
  if (result.structuredContent !== undefined) return result.structuredContent;
  const text = textOf(result);
  if (text === undefined) return result;
  const json = parsed(text);
  return isObject(json) || Array.isArray(json) ? json : text;
}

/** A value that is a sentence, or carries one. */
export function sentenceIn(value: Json): string | undefined {
  if (typeof value === "string") return value;
  if (!isObject(value)) return undefined;
  const text = value.summary ?? value.message ?? value.text;
  return typeof text === "string" ? text : undefined;
}

const MOST_FACTS = 4;

/** A call's outcome in a line: its own sentence, else its first plain values that were not asked for. */
export function resultInWords(call: Pick<Call, "args" | "result">): string | undefined {
  const content = contentOf(call.result);
  const sentence = sentenceIn(content);
  if (sentence !== undefined) return sentence.split("\n", 1)[0];
  if (!isObject(content)) return undefined;
  const args = isObject(call.args) ? call.args : {};
  const facts = Object.entries(content).filter(
    ([key, value]) => value !== null && typeof value !== "object" && args[key] !== value,
  );
  const words = facts.slice(0, MOST_FACTS).map(([key, value]) => `${key} ${shown(value)}`);
  return words.length > 0 ? words.join(", ") : undefined;
}

/** It went no further than to a person; what was approved is another call. */
export const onlyAsked = (call: Pick<Call, "result_status" | "verdicts">): boolean =>
  (call.result_status === "blocked" || call.result_status === "pending") &&
  call.verdicts.some((v) => v.outcome === "ask");
