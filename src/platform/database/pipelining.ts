/** Statements are sent in the turn of the event loop in which they are made; the database works on them in that order. */
export function onItsWay(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Work that is awaited only after others: until then its failure is nobody's. */
export function later<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}
