import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { LagMeter, reconnectDelay } from "./lag.ts";
import { makeStale } from "./make-stale.ts";

/**
 * The event stream says only what changed; whoever shows it fetches it again under its own rights.
 * After a gap everything visible is fetched anew, because nobody knows what was missed.
 */
export type LiveState =
  | { status: "connecting" }
  | { status: "live"; lagMs: number }
  | { status: "offline"; since: number; retryAt: number };

interface Change {
  project_id: string;
  kind: string;
  id: string;
}

/** What counts everything is read again after any change, though not after each: that would be all the time. */
const SUMS: QueryKey[] = [["overview"], ["elsewhere"]];
const SUMS_MS = 3_000;

/** Which cached answers a change makes stale. */
export function staleKeys(change: Change): QueryKey[] {
  const runs = ["runs", "head"];
  switch (change.kind) {
    case "run":
    case "calls":
      return [runs, ["run", change.project_id, change.id]];
    case "call":
      return [runs, ["run", change.project_id]];
    case "approval":
      return [["approvals"], ["run", change.project_id]];
    case "channel_event":
      return [["channel-events"], ["run", change.project_id]];
    case "message":
      return [["messages"], ["channels"], ["run", change.project_id]];
    case "contract":
      return [["agents"], ["contracts"]];
    case "tool":
      return [["tool-servers"]];
    case "tenant":
      return [["session"], ["tenants"]];
    case "freeze":
      return [["freezes"], ["tenants"]];
    case "secret":
      return [["secrets"]];
    case "key":
      return [["keys"]];
    case "member":
      return [["members"]];
    case "bulk":
      return [["bulk"], runs];
    default:
      return [];
  }
}

// One decision changes several things within some milliseconds; a storm of changes asks for nothing more often than that.
const LEAD_MS = 20;
const GATHER_MS = 200;
// The server pings every 15 s; two missed pings and some slack mean that the line is dead.
const SILENCE_MS = 35_000;

let state: LiveState = { status: "connecting" };
const listeners = new Set<() => void>();

function publish(next: LiveState): void {
  state = next;
  for (const listener of listeners) listener();
}

export function useLive(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

/**
 * Makes stale what it is given: soon when it was quiet, and no more often than from time to time when it is not.
 *
 * @param leadMs for how long the first of several is held
 * @param apartMs between one time and the next
 */
function gatherer(
  client: QueryClient,
  leadMs: number,
  apartMs: number,
): (keys: QueryKey[]) => void {
  const waiting = new Map<string, QueryKey>();
  let last = Number.NEGATIVE_INFINITY;
  const flush = () => {
    last = performance.now();
    const keys = [...waiting.values()];
    waiting.clear();
    for (const queryKey of keys) makeStale(client, queryKey);
  };
  return (keys) => {
    if (waiting.size === 0 && keys.length > 0)
      setTimeout(flush, Math.max(leadMs, last + apartMs - performance.now()));
    for (const key of keys) waiting.set(JSON.stringify(key), key);
  };
}

let reconnect = () => {};

/** Doesn't wait for the next attempt: there is a reason to think that it will work now. */
export const reconnectNow = () => reconnect();

/**
 * Opens the stream and keeps it open; the returned function closes it for good. What was read before the first hello is
 * read again: it may have changed before the stream was there.
 */
export function startLive(client: QueryClient): () => void {
  const gather = gatherer(client, LEAD_MS, GATHER_MS);
  const gatherSums = gatherer(client, SUMS_MS, SUMS_MS);
  let source: EventSource | undefined;
  let meter = new LagMeter();
  let attempt = 0;
  let offlineSince: number | undefined;
  let isFirst = true;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;

  const lost = () => {
    source?.close();
    clearTimeout(silence);
    clearTimeout(retry);
    offlineSince ??= Date.now();
    const delay = reconnectDelay(attempt);
    attempt += 1;
    publish({ status: "offline", since: offlineSince, retryAt: Date.now() + delay });
    retry = setTimeout(open, delay);
    // The browser does not say why a stream ended; a session that is over shows here.
    void client.invalidateQueries({ queryKey: ["session"] });
  };
  const heard = (event: MessageEvent<string>) => {
    clearTimeout(silence);
    silence = setTimeout(lost, SILENCE_MS);
    const now = Date.parse((JSON.parse(event.data) as { now: string }).now);
    if (!Number.isNaN(now)) publish({ status: "live", lagMs: meter.measure(now, Date.now()) });
  };
  const open = () => {
    clearTimeout(retry);
    source = new EventSource("/api/v1/events");
    source.addEventListener("hello", (event) => {
      const { missed } = JSON.parse(event.data) as { missed?: boolean };
      if (isFirst || offlineSince !== undefined || missed) makeStale(client);
      isFirst = false;
      attempt = 0;
      offlineSince = undefined;
      meter = new LagMeter();
      heard(event);
    });
    source.addEventListener("ping", heard);
    source.addEventListener("change", (event) => {
      // Whatever changes something leaves an entry in the audit log.
      gather([...staleKeys(JSON.parse(event.data) as Change), ["audit-log", "newest"]]);
      gatherSums(SUMS);
    });
    source.addEventListener("error", lost);
  };

  open();
  reconnect = () => void (offlineSince !== undefined && open());
  return () => {
    reconnect = () => {};
    source?.close();
    clearTimeout(retry);
    clearTimeout(silence);
    publish({ status: "connecting" });
  };
}
