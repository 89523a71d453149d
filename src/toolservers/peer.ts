/** What a tool server may ask of the client whose call it works on; anything else it asks is refused. */
const PEER_METHODS = ["elicitation/create", "sampling/createMessage", "roots/list"] as const;
export type PeerMethod = (typeof PEER_METHODS)[number];

/** One question of a tool server to the client. */
export interface PeerRequest {
  method: PeerMethod;
  params: Record<string, unknown>;
}

/**
 * The client at the other end of a call, for what the tool server sends while the call is under way. Whoever makes a
 * call for a client gives it along; a call without one has nobody to ask.
 */
export interface ClientPeer {
  /** What the client declared: `elicitation`, `sampling` and `roots` count here. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** The least severe log message the client wants; undefined when it wants none. */
  readonly logLevel: string | undefined;
  /** Whether the client gave a progress token. */
  readonly wantsProgress: boolean;
  /**
   * Whether `input_required` may be handed to the client as it is, who then comes back with the answers. A client that
   * can't (of the 2025 era) is asked by `request`, and the tool server is asked again here.
   */
  readonly takesRounds: boolean;
  /** Sends `notifications/progress` (without its token) or another notification; never throws. */
  notify(method: string, params: Record<string, unknown>): void;
  /**
   * Asks the client.
   *
   * @throws PeerError what the client answered, or that it could not be asked
   */
  request(
    method: PeerMethod,
    params: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>>;
}

/** The client's refusal, as a JSON-RPC error. */
export class PeerError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = "PeerError";
    this.code = code;
    this.data = data;
  }
}

const CAPABILITY: Record<PeerMethod, string> = {
  "elicitation/create": "elicitation",
  "sampling/createMessage": "sampling",
  "roots/list": "roots",
};

export function isPeerMethod(method: string): method is PeerMethod {
  return (PEER_METHODS as readonly string[]).includes(method);
}

/** Whether the client declared that it answers such requests. */
export function canAnswer(peer: ClientPeer, method: PeerMethod): boolean {
  const declared = peer.capabilities[CAPABILITY[method]];
  return typeof declared === "object" && declared !== null;
}

/** The part of the client's capabilities that a tool server may know: what it can be asked for. */
export function askableOf(peer: ClientPeer | undefined): Record<string, unknown> {
  const { capabilities } = peer ?? { capabilities: {} };
  return Object.fromEntries(
    Object.entries(capabilities).filter(([name]) => Object.values(CAPABILITY).includes(name)),
  );
}

const LEVELS = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
] as const;

/** One of the eight levels of RFC 5424. */
export function isLogLevel(level: unknown): level is string {
  return (LEVELS as readonly unknown[]).includes(level);
}

/** Whether a log message of this level is severe enough for a client that asked for `wanted`. */
export function isLogged(level: unknown, wanted: string | undefined): boolean {
  if (wanted === undefined || !isLogLevel(level)) return false;
  const order: readonly string[] = LEVELS;
  return order.indexOf(level) >= order.indexOf(wanted);
}
