/** One event of a delivery, as it is stored and as triggers see it. */
export interface IncomingEvent {
  /** The same for the same state of the same thing. */
  providerEventId: string;
  /** Of what it is about, whatever its state. */
  fingerprint: string;
  isFiring: boolean;
  sender: string | null;
  /** The chat it came from, by the provider's id. */
  chatId?: string;
  /** What a rule of correlation looks at. */
  labels: Readonly<Record<string, string>>;
  /** Redacted, bounded. */
  payload: Record<string, unknown>;
  /** In words, redacted, one line. */
  preview: string;
}

/** About how much of an event is kept, in characters. */
export const PAYLOAD_CHARS = 65_536;
