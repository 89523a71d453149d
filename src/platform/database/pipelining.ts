/**
 * Resolves when what could be done without waiting for anything has been done: statements made until then are sent
 * together with those made right after, in that order.
 */
export function onItsWay(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Work that is awaited only after others: until then its failure is nobody's. */
export function later<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}
