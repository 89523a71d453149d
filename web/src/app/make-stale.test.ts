import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { makeStale } from "./make-stale.ts";

/** A server whose answers come when the test says so, each telling what was true when it was asked. */
function slowServer() {
  let truth = "queued";
  const open: (() => void)[] = [];
  return {
    ask: () => {
      const answer = truth;
      return new Promise<string>((resolve) => open.push(() => resolve(answer)));
    },
    becomes: (next: string) => {
      truth = next;
    },
    asked: () => open.length,
    answers: () => open.at(-1)?.(),
  };
}

function shown(queryKey: string[], server: ReturnType<typeof slowServer>) {
  const client = new QueryClient();
  const observer = new QueryObserver(client, { queryKey, queryFn: server.ask });
  return { client, observer, close: observer.subscribe(() => {}) };
}

test("what is read for the first time while it changes is read once more", async () => {
  const server = slowServer();
  const { client, observer, close } = shown(["bulk", "1"], server);
  server.becomes("done");
  makeStale(client, ["bulk"]);
  expect(server.asked()).toBe(1);
  server.answers();
  await expect.poll(server.asked).toBe(2);
  server.answers();
  await expect.poll(() => observer.getCurrentResult().data).toBe("done");
  close();
});

test("what else is being read is left to come", async () => {
  const server = slowServer();
  const { client, observer, close } = shown(["bulk", "1"], server);
  makeStale(client, ["runs"]);
  server.answers();
  await expect.poll(() => observer.getCurrentResult().data).toBe("queued");
  expect(server.asked()).toBe(1);
  close();
});
