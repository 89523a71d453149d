import type { Answer, Awooop } from "./awooop.ts";
import type { Request, Target } from "./isolation-shapes.ts";

/** Sends a request of the isolation cases under a key. */
export function askAs(
  server: Awooop,
  { method, path, body }: Request,
  key: string,
): Promise<Answer> {
  return server.api(path, { method, key, ...(body === undefined ? {} : { body }) });
}

/** The answer with what was asked for taken out; the rest must be the same for what is hidden and what is not there. */
export function withoutTarget({ status, body }: Answer, target: Target) {
  let text = JSON.stringify(body);
  for (const [name, value] of Object.entries(target)) text = text.replaceAll(value, `<${name}>`);
  return { status, text };
}
