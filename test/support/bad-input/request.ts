/** Whose key a bad request comes with; `none` sends no key, any other word is the key itself. */
export type Holder = "platform" | "viewer" | "operator" | "admin" | "agent" | "none";

export interface BadRequest {
  what: string;
  method?: string;
  /** Under /api/v1. */
  path: string;
  /** A text is sent as it is. */
  body?: unknown;
  as?: Holder;
  headers?: Record<string, string>;
  status: number;
  code: string;
  /** The field that is wrong. */
  field?: string;
}

/** What the test's project has that requests may name. */
export interface Things {
  project: string;
  /** A run that waits for a person. */
  waiting: string;
  /** A client run that is over. */
  ended: string;
}

export const NUL = "a\0b";
export const HALF = "\ud800";
export const MIB = 1024 * 1024;
/** JSON of that many levels. */
export const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

/** A request with one wrong field. */
export function wrongField(
  what: string,
  path: string,
  field: string,
  more: Partial<BadRequest> = {},
): BadRequest {
  return { what, path, field, status: 422, code: "E-INPUT", ...more };
}
