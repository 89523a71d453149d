import { AppError } from "../errors.ts";

const KINDS = {
  json: /^application\/([\w.-]+\+)?json\s*(;|$)/i,
  form: /^application\/x-www-form-urlencoded\s*(;|$)/i,
};
/** What a request's body is said to be. */
export type BodyKind = keyof typeof KINDS;

/** What a Content-Type says that a body is; undefined for anything else, and where it says nothing. */
export function bodyKind(contentType: string | undefined): BodyKind | undefined {
  const given = contentType ?? "";
  return KINDS.json.test(given) ? "json" : KINDS.form.test(given) ? "form" : undefined;
}

/** The answer to a body, or an empty one, that is said to be something else than JSON. */
export function notJson(): AppError {
  return new AppError(
    "E-MEDIA-TYPE",
    "Send the body as JSON, with `Content-Type: application/json`.",
  );
}
