import { AppError, fieldError } from "../platform/errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** @throws AppError E-HOOK-PAYLOAD */
export function parseJson(body: Buffer, path: string): unknown {
  const text = readUtf8(body, path);
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(path, "not_json");
  }
}

/** @throws AppError E-HOOK-PAYLOAD */
export function readUtf8(body: Buffer, path: string): string {
  try {
    return utf8.decode(body);
  } catch {
    throw unreadable(path, "not_utf8");
  }
}

function unreadable(path: string, code: "not_json" | "not_utf8"): AppError {
  const error = fieldError(path, code);
  return new AppError("E-HOOK-PAYLOAD", `The ${path} ${error.message}. Nothing was stored.`, {
    errors: [error],
  });
}
