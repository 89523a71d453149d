import type { Connection } from "./connection.ts";
import { seconds, UpstreamFailure } from "./outcome.ts";

/** Waits until all of it is done, but no longer than this. */
export async function settledWithin(
  work: readonly Promise<unknown>[],
  timeoutMs: number,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([Promise.allSettled(work), promise]);
  clearTimeout(timer);
}

/** Waits for the connection as long as the caller does; the connection itself goes on for others. */
export async function connectedWithin(
  connection: Promise<Connection>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Connection> {
  const { promise, reject } = Promise.withResolvers<never>();
  const words = `The tool server did not accept a connection within ${seconds(timeoutMs)} s.`;
  const timer = setTimeout(
    () => reject(new UpstreamFailure("E-UPSTREAM-CONNECT", words)),
    timeoutMs,
  );
  const onAbort = () =>
    reject(new UpstreamFailure("E-CALL-LOST", "The caller went away before the call was sent."));
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([connection, promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
