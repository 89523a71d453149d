import { type Finding, type FindingCode, finding, type Given } from "./findings-contract.ts";

/**
 * The one catalogue of error codes. `docs/errors.md` is held equal to it by a test, so a code that can reach a
 * person always has a page that says what it means and what to do.
 */
export const ERRORS = {
  // requests
  "E-INPUT": { status: 422, title: "The request is not valid" },
  "E-JSON": { status: 400, title: "The body is not valid JSON" },
  "E-BODY-SIZE": { status: 413, title: "The body is too large" },
  "E-CURSOR": { status: 422, title: "The cursor is not valid for this list" },
  "E-NOT-FOUND": { status: 404, title: "Not found" },
  "E-METHOD": { status: 405, title: "The address does not know this method" },
  "E-MEDIA-TYPE": { status: 415, title: "The body is not JSON" },
  "E-INTERNAL": { status: 500, title: "Something went wrong on our side" },
  "E-DB-DOWN": { status: 503, title: "The database can't be reached" },
  // who is asking
  "E-AUTH": { status: 401, title: "A valid key or session is needed" },
  "E-FORBIDDEN": { status: 403, title: "Not allowed" },
  "E-ORIGIN": { status: 403, title: "The request came from another site" },
  "E-HOST": { status: 421, title: "The console is not served under this host" },
  "E-SIGN-IN-RATE": { status: 429, title: "Too many wrong keys" },
  "E-OAUTH-TOKEN": { status: 401, title: "The access token is not valid here" },
  "E-OAUTH-SCOPE": { status: 403, title: "The access token was not granted enough" },
  "E-OAUTH-CLIENT": { status: 403, title: "No agent belongs to the access token" },
  "E-OAUTH-MAPPED": { status: 409, title: "The client is an agent already" },
  "E-OAUTH-ISSUER": { status: 503, title: "The authorization server gave no proper answer" },
  "E-MEMBER-EXISTS": { status: 409, title: "They are a member already" },
  // tenants, contracts, secrets
  "E-TENANT-EXISTS": { status: 409, title: "The project exists already" },
  "E-CONTRACT-INVALID": { status: 422, title: "The contract is not valid" },
  "E-CONTRACT-FAMILY": { status: 409, title: "The contract id belongs to another family" },
  "E-CONTRACT-STATE": { status: 409, title: "The revision's status does not allow this" },
  "E-CONTRACT-AUTHOR": { status: 403, title: "Another person than the author has to approve this" },
  "E-CONTRACT-APPROVAL": { status: 409, title: "The revision has not been approved" },
  "E-CONTRACT-STALE": { status: 409, title: "The revision's number does not say what it changes" },
  "E-CONTRACT-PLAN": { status: 409, title: "The plan no longer holds" },
  "E-TOOLS-NONE": { status: 409, title: "No tools of the tool server are known" },
  "E-STDIO-OFF": { status: 403, title: "Programs on this machine are not allowed as tool servers" },
  "E-TOOL-REVIEW": { status: 409, title: "The tool is not as it was when it was looked at" },
  "E-SECRET-MISSING": { status: 409, title: "A secret is missing" },
  // runs
  "E-RUN-STATE": { status: 409, title: "The run's state does not allow this" },
  "E-RUN-ERASED": { status: 409, title: "What the run began with has been erased" },
  "E-BULK-MORE": { status: 409, title: "More runs match than were allowed" },
  "E-BULK-LEFT": { status: 409, title: "The run is no longer in the state it was chosen for" },
  "E-RUN-FENCED": { status: 409, title: "Another worker holds this run" },
  "E-RUN-LOST": { status: 500, title: "The worker was lost and no attempt is left" },
  "E-RUN-TIMEOUT": { status: 504, title: "The run took longer than its contract allows" },
  "E-RUN-IDLE": { status: 504, title: "The client of this run went silent" },
  "E-RUN-CHECK": { status: 500, title: "A check of the runbook was false" },
  "E-RUN-EXPRESSION": {
    status: 500,
    title: "An expression of the contract could not be evaluated",
  },
  "E-RUN-STEP": { status: 500, title: "A step of the runbook failed" },
  "E-RUN-NO-RUNBOOK": { status: 500, title: "The contract has no runbook to follow" },
  // the five gates
  "E-TENANT-INACTIVE": { status: 403, title: "The project is not active" },
  "E-TENANT-LEGACY": { status: 403, title: "The project has not been handed to agents" },
  "E-FROZEN": { status: 403, title: "An operator has frozen this" },
  "E-RUN-NOT-RUNNING": { status: 409, title: "The run is not running" },
  "E-CONTRACT-TOOL": { status: 403, title: "The contract does not list this tool" },
  "E-CONTRACT-NONE": { status: 403, title: "There is no active contract" },
  "E-TOOL-CHANGED": { status: 403, title: "The tool is not what was pinned" },
  "E-POLICY-ARGS": { status: 422, title: "The arguments do not fit" },
  "E-POLICY-DENIED": { status: 403, title: "The project's policies do not permit this call" },
  "E-BUDGET-RUN": { status: 403, title: "The run's budget is used up" },
  "E-BUDGET-TOOL": { status: 403, title: "The agent's budget for this tool is used up" },
  "E-BUDGET-AGENT": { status: 403, title: "The agent's budget is used up" },
  "E-BUDGET-PROJECT": { status: 403, title: "The project's budget is used up" },
  "E-RATE": { status: 429, title: "Too many calls in this minute" },
  "E-APPR-REQUIRED": { status: 403, title: "A person has to approve this call" },
  "E-APPR-REJECTED": { status: 403, title: "A person rejected this call" },
  "E-APPR-CHANGES": { status: 403, title: "A person wants this call changed" },
  "E-APPR-EXPIRED": { status: 410, title: "Nobody decided in time" },
  "E-APPR-VOIDED": { status: 410, title: "The question no longer stands" },
  "E-APPR-MISMATCH": { status: 403, title: "The approval is for another call" },
  "E-APPR-USED": { status: 403, title: "The approval has been used" },
  "E-APPR-CHANGED": { status: 409, title: "The question's arguments have been edited" },
  "E-APPR-MIXED": { status: 422, title: "The questions are not of one tool and rule" },
  "E-APPR-DECIDED": { status: 409, title: "The question has been decided" },
  "E-WAITERS": { status: 429, title: "Too many requests wait already" },
  "E-APPR-NOT-APPROVER": { status: 403, title: "This is not theirs to approve" },
  "E-APPR-SELF": { status: 403, title: "Nobody approves what they have a hand in" },
  "E-IDEMPOTENCY": { status: 422, title: "The Idempotency-Key was used for another request" },
  // calls
  "E-CALL-UNKNOWN": { status: 500, title: "It is not known whether this write happened" },
  "E-CALL-RESULT": { status: 500, title: "The call's result can't be read any more" },
  "E-CALL-LOST": { status: 500, title: "The read was interrupted" },
  "E-UPSTREAM-CONNECT": { status: 502, title: "The tool server can't be reached" },
  "E-UPSTREAM-DOWN": { status: 503, title: "The tool server keeps failing and is left alone" },
  "E-UPSTREAM-TIMEOUT": { status: 504, title: "The tool server did not answer in time" },
  "E-UPSTREAM-DIED": { status: 502, title: "The tool server went away during the call" },
  "E-UPSTREAM-PROTOCOL": { status: 502, title: "The tool server's answer is not valid MCP" },
  "E-UPSTREAM-SIZE": { status: 502, title: "The tool server's answer is too large" },
  "E-UPSTREAM-HOST": { status: 403, title: "The host is a private address and not allowed" },
  "E-UPSTREAM-TOOL": { status: 502, title: "The tool answered with an error" },
  // channels
  "E-HOOK-AUTH": { status: 401, title: "The hook's secret or signature is wrong" },
  "E-HOOK-PAYLOAD": { status: 422, title: "The event is not in the channel's format" },
  "E-CHAT-FORGED": { status: 403, title: "The button was not made here" },
  "E-CHAT-FORWARDED": { status: 403, title: "The button stands on another message than ours" },
  "E-CHAT-UNLINKED": { status: 403, title: "Nobody knows who this is in the chat" },
  "E-CHAT-LINK": { status: 403, title: "The code for linking is not good" },
  "E-MESSAGE-STATE": { status: 409, title: "The message was not given up" },
  "E-SEND": { status: 502, title: "The message could not be delivered" },
  // the command line
  "E-CLI-USAGE": { status: 400, title: "The command line is not valid" },
  "E-CLI-FILE": { status: 422, title: "A contract file can't be read" },
  "E-CLI-SERVER": { status: 502, title: "The server gave no proper answer" },
  // starting
  "E-CONFIG": { status: 500, title: "The configuration is not valid" },
  "E-DB-IN-USE": { status: 500, title: "The data directory is in use" },
  "E-DB-START": { status: 500, title: "The embedded database did not start" },
  "E-DB-UNSUPPORTED": { status: 500, title: "No embedded database for this machine" },
  "E-DB-VERSION": { status: 500, title: "The database server is too old" },
  "E-DB-ROLES": { status: 500, title: "The database roles can't be set up" },
  "E-DB-RLS": { status: 500, title: "Row-level security would not hold" },
} as const satisfies Record<string, { status: number; title: string }>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof ERRORS;

/** One wrong field of a bad request: a JSON path such as `body.steps.0.key`, and what would be right. */
export interface FieldError extends Finding {
  path: string;
}

/** What is wrong with a field. */
export function fieldError<Code extends FindingCode>(
  path: string,
  code: Code,
  ...given: Given<Code>
): FieldError {
  return { path, ...finding(code, ...given) };
}

/**
 * An error that may be shown to the caller. Everything else that is thrown reaches a caller only as `E-INTERNAL`.
 *
 * @param code one of the catalogue
 * @param detail one or two plain sentences: what was wrong, where, what would be right
 * @param more `errors` for wrong fields; `extra` for further members of the problem document (RFC 9457 §3.2);
 *   `headers` for those that its HTTP answer has to carry
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[] | undefined;
  readonly extra: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    more: {
      errors?: readonly FieldError[];
      extra?: Record<string, unknown>;
      headers?: Record<string, string>;
      cause?: unknown;
    } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "AppError";
    this.code = code;
    this.errors = more.errors;
    this.extra = more.extra;
    this.headers = more.headers;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** An E-INPUT error about one field. */
export function inputErrorAt<Code extends FindingCode>(
  path: string,
  code: Code,
  ...given: Given<Code>
): AppError {
  const error = fieldError(path, code, ...given);
  return new AppError("E-INPUT", `${path}: ${error.message}`, { errors: [error] });
}
