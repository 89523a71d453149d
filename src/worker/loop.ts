import type { Logger } from "../platform/log.ts";

export interface Loop {
  /** Ends the loop; resolves when the round under way is over, which is told by its signal. */
  stop(): Promise<void>;
}

/** Does something again and again with a pause between the rounds; a round that fails is logged and the next one comes. */
export function startLoop(options: {
  name: string;
  pauseMs: number;
  log: Logger;
  round: (signal: AbortSignal) => Promise<void>;
}): Loop {
  let timer: NodeJS.Timeout | undefined;
  const stopping = new AbortController();
  let current = Promise.resolve();
  const next = () => {
    current = options
      .round(stopping.signal)
      .catch((error: unknown) =>
        options.log.error({ err: error }, `${options.name} failed; it is tried again`),
      )
      .then(() => {
        if (!stopping.signal.aborted) timer = setTimeout(next, options.pauseMs);
      });
  };
  next();
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await current;
    },
  };
}
