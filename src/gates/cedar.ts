import { createRequire } from "node:module";

const PACKAGE = "@cedar-policy/cedar-wasm/nodejs";

/** Cedar's functions, which all run inside one instance of WebAssembly. */
export type Cedar = typeof import("@cedar-policy/cedar-wasm/nodejs");

/** Cedar broke down on what it was given, as it does on a policy that is nested too deeply for its stack. */
export class CedarBrokeDown extends Error {}

export interface CedarHost {
  /**
   * Works with Cedar.
   *
   * @throws CedarBrokeDown when Cedar threw; the next work gets a new instance. A TypeError is the work's own and passes.
   */
  run<T>(work: (cedar: Cedar) => T): T;
}

/**
 * Holds one instance of Cedar. A policy of 2 kB can overflow its stack, and from then on every call of that instance
 * fails, whoever makes it: so an instance that threw is never used again. A new one takes about 10 ms.
 *
 * @param onLost told that the instance is gone, with everything that was kept inside it
 */
export function openCedar(onLost: () => void = () => {}): CedarHost {
  let cedar: Cedar | undefined;
  return {
    run(work) {
      cedar ??= loadCedar();
      try {
        return work(cedar);
      } catch (error) {
        if (error instanceof TypeError) throw error;
        cedar = undefined;
        onLost();
        throw new CedarBrokeDown("it is nested too deeply", { cause: error });
      }
    },
  };
}

/** Loads the package past the cache of modules, because the package makes its one instance while it is loaded. */
function loadCedar(): Cedar {
  // An own `require` each time: it would hold on to the instances that it loaded before.
  const require = createRequire(import.meta.url);
  const path = require.resolve(PACKAGE);
  delete require.cache[path];
  const cedar = require(path) as Cedar;
  delete require.cache[path];
  return cedar;
}
