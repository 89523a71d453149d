import type { ChatPlace, ChatUser } from "../chat-types.ts";

/** Who did something, and where. */
export interface Deed {
  user: ChatUser;
  place: ChatPlace;
}
