import { z } from "zod";
import { text } from "../platform/contract.ts";
import { AppError } from "../platform/errors.ts";
import { fieldErrors } from "../platform/http/index.ts";
import { redact } from "../platform/redact.ts";
import { cutToSize } from "./cut-to-size.ts";
import { oneLine } from "./preview.ts";

const MOST_ALERTS = 1_000;
const PAYLOAD_CHARS = 65_536;

const words = z.record(z.string().max(1_024), z.string());
const time = z.iso.datetime({ offset: true, error: "must be a time such as 2026-01-02T03:04:05Z" });

const alertSchema = z.looseObject({
  status: z.enum(["firing", "resolved"]),
  labels: words,
  annotations: words.default({}),
  startsAt: time,
  endsAt: time.optional(),
  generatorURL: z.string().optional(),
  fingerprint: text(1, 128),
});

/**
 * What Alertmanager posts, payload version 4
 * (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). Newer fields are kept.
 */
const deliverySchema = z.looseObject({
  version: z.literal("4"),
  status: z.enum(["firing", "resolved"]),
  receiver: z.string().max(500).default(""),
  groupKey: z.string().default(""),
  truncatedAlerts: z.number().optional(),
  groupLabels: words.default({}),
  commonLabels: words.default({}),
  commonAnnotations: words.default({}),
  externalURL: z.string().default(""),
  alerts: z.array(alertSchema).min(1).max(MOST_ALERTS),
});

/** One alert of a delivery, as it is stored and as triggers see it. */
export interface IncomingAlert {
  /** The same for the same state of the same alert: `fingerprint:startsAt:status`. */
  providerEventId: string;
  fingerprint: string;
  isFiring: boolean;
  sender: string | null;
  /** The alert with the fields of its group; redacted, bounded. */
  payload: Record<string, unknown>;
  /** `alertname: summary`, redacted, one line. */
  preview: string;
}

/**
 * Reads a delivery.
 *
 * @throws AppError E-HOOK-PAYLOAD naming every wrong field
 */
export function readDelivery(body: string): IncomingAlert[] {
  const parsed = deliverySchema.safeParse(parseJson(body));
  if (!parsed.success) {
    const errors = fieldErrors(parsed.error, "body").slice(0, 100);
    const first = errors[0];
    throw notAlertmanager(first ? `${first.path}: ${first.message}` : "it is empty", errors);
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
      sender: group.receiver === "" ? null : oneLine(group.receiver),
      payload,
      // Before it is cut: half a secret is not known as one.
      preview: oneLine(redact(previewOf(alert))),
    };
  });
}

function previewOf(alert: z.infer<typeof alertSchema>): string {
  const name = alert.labels.alertname ?? alert.fingerprint;
  const summary = alert.annotations.summary ?? alert.annotations.description;
  return summary ? `${name}: ${summary}` : name;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw notAlertmanager("it is not valid JSON", [{ path: "body", message: "is not valid JSON" }]);
  }
}

function notAlertmanager(what: string, errors: { path: string; message: string }[]): AppError {
  return new AppError(
    "E-HOOK-PAYLOAD",
    `The body is not an Alertmanager webhook of version 4 (${what}). Nothing was stored.`,
    { errors },
  );
}
