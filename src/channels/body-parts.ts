import { z } from "zod";
import { text } from "../platform/contract.ts";
import { says } from "../platform/findings-contract.ts";

/** A secret of the project, by its name. */
export const secretName = z
  .string()
  .regex(/^secret:[A-Za-z][A-Za-z0-9_.-]{0,127}$/, says("no_secret_reference"));

/** Where requests go: an http or https address that holds no password. */
export const httpAddress = text(1, 2_000).refine(isHttpAddress, says("no_http_address"));

function isHttpAddress(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}

/** Which events are about one incident. */
export const correlate = z.strictObject({
  /** Events whose labels of these names agree belong together; what an event lacks counts as empty. */
  labels: z.array(text(1, 200)).min(1).max(10),
  /** How long after its first event a case goes on taking events, besides the time that a run of it is open. */
  window_seconds: z.number().int().min(1).max(86_400).default(300),
  /** From how many events on a case is called a storm. */
  storm_events: z.number().int().min(2).max(1_000_000).default(100),
});
export type CorrelationRule = z.infer<typeof correlate>;

/** In which language messages are written on a channel. */
export const language = z.enum(["en", "zh-TW"]).default("en");
