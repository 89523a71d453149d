import type { QueryClient, QueryKey } from "@tanstack/react-query";

/**
 * Makes cached answers stale, and reads again those that are shown. What is just being read for the first time is read
 * once more when it has come: TanStack Query would take it as it is, though the server may have answered before the
 * change that is told of here.
 *
 * @param queryKey with what the keys of the answers begin; all answers when it is left out
 */
export function makeStale(client: QueryClient, queryKey: QueryKey = []): void {
  const isFirst = { fetchStatus: "fetching", predicate: hasNothing } as const;
  const again = (key: QueryKey) => () =>
    void client.invalidateQueries({ queryKey: key, exact: true });
  for (const query of client.getQueryCache().findAll({ queryKey, ...isFirst }))
    void query.promise?.then(again(query.queryKey), again(query.queryKey));
  void client.invalidateQueries({ queryKey });
}

const hasNothing = (query: { state: { data: unknown } }) => query.state.data === undefined;
