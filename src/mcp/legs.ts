import { z } from "zod";
import type { Sealer } from "../platform/sealing.ts";

/**
 * How a client of the 2026-07-28 protocol waits: the call is answered with `input_required` and nothing but a sealed
 * `requestState`, and the client asks again with it. SDK clients give up after ten rounds, so the ninth leg is answered
 * in words.
 */
export const LAST_LEG = 9;

const LONGEST_LEG_MS = 20_000;
/** No key allows more than this. */
export const LONGEST_HOLD_MS = 50_000;
const CONTEXT = "mcp request state";

/**
 * How long a leg is held, in milliseconds: the key's `hold_seconds` at first, then twice as long each time, up to 20 s.
 * A client that came back has shown that it waits that long.
 *
 * @param mostMs what no request may be held longer than
 */
export function legMs(holdSeconds: number, leg: number, mostMs: number = LONGEST_HOLD_MS): number {
  return Math.min(
    holdSeconds * 1000 * 2 ** (leg - 1),
    Math.max(LONGEST_LEG_MS, holdSeconds * 1000),
    mostMs,
  );
}

/** What every state names: whose call it is, and which. */
const base = {
  keyId: z.string(),
  runId: z.string(),
  /** Of the tool's name and its arguments. */
  callHash: z.string(),
};

const waitState = z.object({
  kind: z.literal("wait"),
  ...base,
  callId: z.string(),
  approvalId: z.string(),
  expiresAt: z.string(),
  /** The leg that ended with this state. */
  leg: z.number().int().min(1).max(LAST_LEG),
});

/** The tool server asked the client, and has a state of its own: any process of the gateway can go on with it. */
const roundState = z.object({
  kind: z.literal("round"),
  ...base,
  callId: z.string(),
  round: z.number().int().min(0),
  /** The tool server's own. */
  requestState: z.string().optional(),
});

/** The tool server, of the 2025 era, waits for the client's answers at this very process. */
const heldState = z.object({ kind: z.literal("held"), ...base, heldId: z.string() });

const requestState = z.discriminatedUnion("kind", [waitState, roundState, heldState]);

/** What a client carries from leg to leg, unreadable for it. */
export type RequestState = z.infer<typeof requestState>;
export type WaitState = z.infer<typeof waitState>;

/** Encrypts the state for its way through the client (the SDK's own codec only signs). */
export function sealState(sealer: Pick<Sealer, "seal">, state: RequestState): string {
  return sealer.seal(JSON.stringify(state), CONTEXT).toString("base64url");
}

/** Reads a state that came back; undefined unless it is one of ours, for this key and this very call. */
export function openState(
  sealer: Pick<Sealer, "open">,
  sealed: string,
  expected: { keyId: string; callHash: string },
): RequestState | undefined {
  try {
    const text = sealer.open(Buffer.from(sealed, "base64url"), CONTEXT);
    const state = requestState.parse(JSON.parse(text));
    const isOurs = state.keyId === expected.keyId && state.callHash === expected.callHash;
    return isOurs ? state : undefined;
  } catch {
    return undefined;
  }
}
