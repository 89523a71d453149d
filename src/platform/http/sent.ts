import type { ServerResponse } from "node:http";

/** Calls back once an answer has been handed to the network whole; never for one whose client went away before. */
export type WhenSent = (listener: () => void) => void;

export function whenSentTo(response: Pick<ServerResponse, "once">): WhenSent {
  return (listener) => void response.once("finish", listener);
}

/**
 * The same for an answer of an app, by its context's environment. An app that is asked within its own process has no
 * network: what it answers is there at once.
 */
export function whenSent(env: unknown): WhenSent {
  const { outgoing } = Object(env) as { outgoing?: ServerResponse };
  return outgoing ? whenSentTo(outgoing) : (listener) => listener();
}
