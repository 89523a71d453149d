import type { MessageContent, NewMessage } from "./messages.ts";

/** What one message looks like to a provider's sender: already redacted and cut to size. */
export interface Outgoing {
  messageId: string;
  projectId: string;
  runId: string | null;
  channelId: string;
  type: NewMessage["type"];
  subjectKind: string | null;
  content: MessageContent;
  /** When it was queued; the same at each try. */
  queuedAt: string;
  /** The console's page of its run, or the console itself. */
  consoleUrl: string;
  /** The provider's id of the message that is edited; null where one is sent. */
  providerMessageId: string | null;
  /** The provider's id of the first message of the same run in this channel, where there is one: its thread. */
  threadId: string | null;
}

/** How a try ended. A permanent failure is not tried again. */
export type Sent =
  | {
      ok: true;
      providerMessageId?: string;
      /** What is worth knowing though it was sent, in words. */
      note?: string;
    }
  | {
      ok: false;
      isPermanent: boolean;
      reason: string;
      /** How long the provider asks to be left alone. */
      retryAfterSeconds?: number;
      /** The request may have reached the provider: a further try may send it twice. */
      mayHaveArrived?: boolean;
    };

/** Sends on one type of channel, and edits where the provider can. What is thrown is a failure for now. */
export interface Sender {
  send(message: Outgoing, signal: AbortSignal): Promise<Sent>;
  edit?(message: Outgoing, signal: AbortSignal): Promise<Sent>;
  /** The provider drops a message that it has got before under the same id. */
  isRepeatSafe?: true;
  /** The messages of a run make a thread: a later one waits a while for the first. */
  hasThreads?: true;
}

/** What a sender is made with, beside its channel's body. */
export interface SenderDeps {
  /** The value of what a body calls `secret:NAME`. @throws AppError E-SECRET-MISSING */
  readSecret(reference: string): Promise<string>;
  /** Hosts that may have private addresses (AWOOOP_ALLOW_HOSTS). */
  allowHosts: readonly string[];
}
