import { setFlagsFromString } from "node:v8";

/**
 * Keeps compiled code while the process has little to do. V8 uses quiet moments to give memory back, and throws code away
 * with it: after a quiet night, or a quiet ten seconds, calls would cost up to twice as much until all of it has been
 * compiled again. What nothing refers to is collected as ever.
 */
export function keepCompiledCode(): void {
  setFlagsFromString("--no-memory-reducer-favors-memory");
  setFlagsFromString("--no-flush-bytecode");
}
