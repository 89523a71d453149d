import { type ClientPeer, PeerError, type PeerMethod } from "../toolservers/index.ts";
import { notification } from "./jsonrpc.ts";
import type { Send, Session } from "./sessions.ts";

/** What a client's request says of the client, and the way back to it. */
export interface PeerOptions {
  era: "legacy" | "modern";
  /** The session of a 2025-era client; without one it can't be asked anything. */
  session?: Session | undefined;
  /** What a 2026-07-28 client declared with its request. */
  capabilities?: Record<string, unknown> | undefined;
  /** The level a 2026-07-28 client gave with its request. */
  logLevel?: string | undefined;
  progressToken?: string | number | undefined;
  /** Puts a message on the stream that answers the client's request, and opens that stream if need be; never throws. */
  send: Send;
}

/** The client that sent a request, as a tool server may speak to it while the request is worked on. */
export function createPeer(options: PeerOptions): ClientPeer {
  const { era, session, progressToken, send } = options;
  const isModern = era === "modern";
  return {
    capabilities: (isModern ? options.capabilities : session?.capabilities) ?? {},
    logLevel: isModern ? options.logLevel : session?.logLevel,
    wantsProgress: progressToken !== undefined,
    takesRounds: isModern,
    notify(method, params) {
      if (method !== "notifications/progress") return send(notification(method, params));
      if (progressToken === undefined) return;
      send(notification(method, { ...params, progressToken }));
    },
    request(method: PeerMethod, params, signal) {
      if (session) return session.ask(send, method, params, signal);
      return Promise.reject(new PeerError(-32601, `The client can't be asked for ${method}.`));
    },
  };
}
