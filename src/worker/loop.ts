import type { Logger } from "../platform/log.ts";

export interface Loop {
  /** Ends the loop; resolves when the round under way is over. */
  stop(): Promise<void>;
}

/** Does something again and again with a pause between the rounds; a round that fails is logged and the next one comes. */
export function startLoop(options: {
  name: string;
  pauseMs: number;
  log: Logger;
  round: () => Promise<void>;
}): Loop {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let current = Promise.resolve();
  const next = () => {
    current = options
      .round()
      .catch((error: unknown) =>
        options.log.error({ err: error }, `${options.name} failed; it is tried again`),
      )
      .then(() => {
        if (!stopped) timer = setTimeout(next, options.pauseMs);
      });
  };
  next();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await current;
    },
  };
}
