import { cleanQuestion } from "./clean.ts";
import { isPeerMethod, type PeerRequest } from "./peer.ts";

/** The tool server needs answers first (`input_required` of the 2026-07-28 protocol). */
export interface InputRequired {
  kind: "input_required";
  /** What it asks, by names of its own; empty when it only wants to be asked again. */
  inputRequests: Record<string, PeerRequest>;
  /** To be sent back as it is. */
  requestState: string | undefined;
}

/** What comes with the next round: the client's answers and the tool server's own state. */
export interface Round {
  inputResponses: Record<string, unknown>;
  requestState: string | undefined;
}

/** More questions at once, or for one call, are no tool's honest need. */
export const MAX_QUESTIONS = 16;
/** How often a tool server may come back with further questions. */
export const MAX_ROUNDS = 10;
const MAX_TEXT = 256 * 1024;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads an `input_required` result. What a tool server may not ask, or asks in no proper form, makes the whole of it
 * invalid: undefined.
 */
export function readInputRequired(result: Record<string, unknown>): InputRequired | undefined {
  const { inputRequests = {}, requestState } = result;
  if (!isObject(inputRequests)) return undefined;
  if (requestState !== undefined && typeof requestState !== "string") return undefined;
  if (JSON.stringify([inputRequests, requestState]).length > MAX_TEXT) return undefined;
  const entries = Object.entries(inputRequests);
  if (entries.length > MAX_QUESTIONS) return undefined;
  if (entries.length === 0 && requestState === undefined) return undefined;
  const asked: Record<string, PeerRequest> = {};
  for (const [name, request] of entries) {
    if (!isObject(request) || typeof request.method !== "string") return undefined;
    const { method, params = {} } = request;
    if (!isPeerMethod(method) || !isObject(params)) return undefined;
    asked[name] = { method, params: cleanQuestion(params) };
  }
  return { kind: "input_required", inputRequests: asked, requestState };
}
