import type { Child } from "./child.ts";

const PARENT_CHECK_MS = 500;

/**
 * Resolves when somebody wants the demo to end: Ctrl-C, SIGTERM, a closed terminal, or the end of
 * the npm that started us (its shell does not hand signals on). A second signal ends it the hard way.
 */
export function stopRequested(children: readonly Child[]): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = () => {
      if (asked) {
        for (const child of children) child.kill();
        process.exit(130);
      }
      asked = true;
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, ask);
    if (process.env.npm_lifecycle_event !== undefined) whenParentIsGone(resolve);
  });
}

function whenParentIsGone(then: () => void): void {
  const parent = process.ppid;
  const check = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(check);
    then();
  }, PARENT_CHECK_MS);
  check.unref();
}
