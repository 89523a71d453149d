import { AppError } from "../platform/errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** @throws AppError E-HOOK-PAYLOAD */
export function parseJson(body: Buffer, path: string): unknown {
  const text = readUtf8(body, path);
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(path, "is not valid JSON");
  }
}

/** @throws AppError E-HOOK-PAYLOAD */
export function readUtf8(body: Buffer, path: string): string {
  try {
    return utf8.decode(body);
  } catch {
    throw unreadable(path, "is not valid UTF-8");
  }
}

function unreadable(path: string, message: string): AppError {
  return new AppError("E-HOOK-PAYLOAD", `The ${path} ${message}. Nothing was stored.`, {
    errors: [{ path, message }],
  });
}
