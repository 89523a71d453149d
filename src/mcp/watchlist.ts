import { canonicalHash } from "../platform/canonical.ts";
import type { Logger } from "../platform/log.ts";

/** Several changes that come together (a contract and its tool servers) are looked at together. */
const TOGETHER_MS = 200;

/** A tool server need not say that its tools have changed: it is asked now and then as long as somebody listens. */
const UNTOLD_MS = 61_000;

/** A list that is looked at again when something may have changed it. */
export interface WatchedList {
  /** Something may have changed it. */
  lookAgain(): void;
  stop(): void;
}

/**
 * Tells when a list has become another one. What it is at first is found out in the background: it may take a tool
 * server that does not answer.
 *
 * @param read the list as a client would get it; a list that can't be read counts as one of its own
 * @param untoldMs how often it is looked at when nobody says that it has changed, in milliseconds
 */
export function watchList(
  read: () => Promise<unknown>,
  tell: () => void,
  log: Pick<Logger, "debug">,
  untoldMs = UNTOLD_MS,
): WatchedList {
  const look = async () => {
    try {
      return canonicalHash(await read());
    } catch (error) {
      log.debug({ err: error }, "a list that is listened to can't be read");
      return "unreadable";
    }
  };
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  let known: Promise<string> = look();
  const compare = async (before: string) => {
    const now = isOver ? before : await look();
    if (now !== before && !isOver) tell();
    return now;
  };
  const lookAgain = () => {
    if (isOver || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      known = known.then(compare);
    }, TOGETHER_MS);
  };
  const untold = setInterval(lookAgain, untoldMs).unref();
  return {
    lookAgain,
    stop() {
      isOver = true;
      clearTimeout(timer);
      clearInterval(untold);
    },
  };
}
