/** How many of the first items one transaction takes: as many as stay within the weight, but one at least. */
export function countWithin(items: readonly { weight: number }[], most: number): number {
  let weight = 0;
  const at = items.findIndex((item) => {
    weight += item.weight;
    return weight > most;
  });
  return at < 0 ? items.length : Math.max(at, 1);
}

/** A channel event that is old enough. */
export interface OldEvent {
  event_id: string;
  provider_event_id: string;
  channel_id: string;
  run_id: string | null;
  is_duplicate: boolean;
}

/** What old events may still be needed for. */
export interface Needs {
  /** Runs that keep their events: by their own ids, and by what set them off. */
  held: ReadonlySet<string>;
  /** Channels and provider ids under which something has come in lately. */
  repeated: ReadonlySet<string>;
}

/** A provider's id within its channel. */
export function repeatKey(event: Pick<OldEvent, "channel_id" | "provider_event_id">): string {
  return JSON.stringify([event.channel_id, event.provider_event_id]);
}

/** Whether an event belongs to a run that keeps it: it names the run, or the run names it (OPERATOR-API, inbound events). */
export function isHeld(event: OldEvent, { held }: Pick<Needs, "held">): boolean {
  const { event_id, provider_event_id, run_id } = event;
  return [event_id, provider_event_id, run_id].some((id) => id !== null && held.has(id));
}

/**
 * Whether an old event can go: no run keeps it, and it isn't what tells a repeat from something new. (An alert that has
 * been firing for longer than events are kept would start a run anew if the first one had been forgotten.)
 */
export function isForgettable(event: OldEvent, needs: Needs): boolean {
  if (isHeld(event, needs)) return false;
  return event.is_duplicate || !needs.repeated.has(repeatKey(event));
}
