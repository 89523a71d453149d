/**
 * Works on one after the other; one that fails keeps none of the others from its turn.
 *
 * @throws AggregateError with what failed, after all have had their turn
 */
export async function inTurn<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const errors: unknown[] = [];
  for (const item of items) {
    await work(item).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} failed`);
}
