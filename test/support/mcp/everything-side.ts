export type Json = Record<string, unknown>;

/** What the handler of a request is given, whatever the era. */
export interface Side {
  /** What the client declared. */
  capabilities: Json;
  progressToken: string | number | undefined;
  /** Whether the client wants to hear log messages about this request. */
  wantsLogs: boolean;
  notify(method: string, params: Json): Promise<void>;
  /** Asks the client; in the newer era this may throw `NeedsInput`, and the handler runs anew with the answers. */
  ask(questions: Record<string, Question>): Promise<Record<string, Json>>;
  /** What the handler kept at the end of the round before; undefined in the older era and in the first round. */
  state: Json | undefined;
}

export interface Question {
  method: "elicitation/create" | "sampling/createMessage" | "roots/list";
  params: Json;
}

/** A request can't be answered before the client has been asked. */
export class NeedsInput extends Error {
  readonly questions: Record<string, Question>;
  readonly state: Json | undefined;

  constructor(questions: Record<string, Question>, state?: Json) {
    super("the client has to be asked first");
    this.questions = questions;
    this.state = state;
  }
}

/** A JSON-RPC error to be sent as it is. */
export class RpcFailure extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
