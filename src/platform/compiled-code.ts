import { setFlagsFromString } from "node:v8";

/**
 * Keeps compiled code while the process has little to do. V8 uses quiet moments to give memory back, and throws away code
 * with it: after a quiet night, or a quiet ten seconds, each call would cost up to twice as much until all of it has been
 * compiled again. What nothing refers to is collected as ever; only the code, and the room for what is young, stay.
 */
export function keepCompiledCode(): void {
  setFlagsFromString("--no-memory-reducer-favors-memory");
}
