import { z } from "zod";
import { text } from "../platform/contract.ts";
import { AppError } from "../platform/errors.ts";
import { says } from "../platform/findings-contract.ts";
import { fieldErrors } from "../platform/http/index.ts";
import { redact } from "../platform/redact.ts";
import { cutToSize } from "./cut-to-size.ts";
import { type IncomingEvent, PAYLOAD_CHARS } from "./incoming.ts";
import { oneLine } from "./preview.ts";

const MOST_EVENTS = 1_000;

const words = z.record(z.string().max(1_024), z.string());
/** Go writes an empty map as null. */
const fewWords = words.nullish().transform((given) => given ?? {});
const time = z.iso.datetime({ offset: true, error: says("no_time") });

const alertSchema = z.looseObject({
  status: z.enum(["firing", "resolved"]),
  labels: words,
  annotations: fewWords,
  startsAt: time,
  endsAt: time.optional(),
  generatorURL: z.string().optional(),
  fingerprint: text(1, 128),
});

/** What both send; newer fields are kept. */
const delivery = {
  status: z.enum(["firing", "resolved"]),
  receiver: z.string().max(500).default(""),
  groupKey: z.string().default(""),
  truncatedAlerts: z.number().optional(),
  groupLabels: fewWords,
  commonLabels: fewWords,
  commonAnnotations: fewWords,
  externalURL: z.string().default(""),
  alerts: z.array(alertSchema).min(1).max(MOST_EVENTS),
};

/** By the type of the channel: the program's name, and what it posts. */
const SENDERS = {
  /** Payload version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). */
  alertmanager: {
    name: "an Alertmanager webhook of version 4",
    schema: z.looseObject({ version: z.literal("4"), ...delivery }),
  },
  /** The webhook integration's payload (grafana.com/docs/grafana, "Configure webhook notifications"). */
  grafana: {
    name: "a webhook of Grafana's alerting",
    schema: z.looseObject({ version: z.literal("1"), ...delivery }),
  },
};

/**
 * Reads a delivery of Alertmanager or Grafana: one event for each alert.
 *
 * @throws AppError E-HOOK-PAYLOAD naming every wrong field
 */
export function readAlerts(type: "alertmanager" | "grafana", body: unknown): IncomingEvent[] {
  const { name, schema } = SENDERS[type];
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const errors = fieldErrors(parsed.error, "body").slice(0, 100);
    const first = errors[0];
    const what = first ? `${first.path}: ${first.message}` : "it is empty";
    throw new AppError("E-HOOK-PAYLOAD", `The body is not ${name} (${what}). Nothing was stored.`, {
      errors,
    });
  }
  const { alerts, version: _, status: __, ...group } = parsed.data;
  return alerts.map((alert) => {
    const payload = redact(cutToSize({ ...group, ...alert }, PAYLOAD_CHARS)) as Record<
      string,
      unknown
    >;
    return {
      providerEventId: `${alert.fingerprint}:${alert.startsAt}:${alert.status}`,
      fingerprint: alert.fingerprint,
      isFiring: alert.status === "firing",
      sender: group.receiver === "" ? null : oneLine(redact(group.receiver)),
      labels: alert.labels,
      payload,
      // Before it is cut: half a secret is not known as one.
      preview: oneLine(redact(previewOf(alert))),
    };
  });
}

function previewOf({ labels, annotations, fingerprint }: z.infer<typeof alertSchema>): string {
  const name = labels.alertname ?? fingerprint;
  const summary = annotations.summary ?? annotations.description;
  return summary ? `${name}: ${summary}` : name;
}
