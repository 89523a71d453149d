import { AppError } from "../platform/errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** @throws AppError E-HOOK-PAYLOAD */
export function parseJson(body: Buffer, path: string): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch (error) {
    const message = error instanceof SyntaxError ? "is not valid JSON" : "is not valid UTF-8";
    throw new AppError("E-HOOK-PAYLOAD", `The ${path} ${message}. Nothing was stored.`, {
      errors: [{ path, message }],
    });
  }
}
