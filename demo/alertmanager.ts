import { createHash } from "node:crypto";

export type Alert = {
  labels: Record<string, string> & { alertname: string };
  annotations: Record<string, string>;
  startsAt: Date;
};

/**
 * A firing alert as Alertmanager posts it to a webhook receiver, payload version 4
 * (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
 */
export function firing(alert: Alert) {
  const { alertname } = alert.labels;
  return {
    version: "4",
    groupKey: `{}:{alertname="${alertname}"}`,
    truncatedAlerts: 0,
    status: "firing",
    receiver: "awooop",
    groupLabels: { alertname },
    commonLabels: alert.labels,
    commonAnnotations: alert.annotations,
    externalURL: "http://alertmanager.example:9093",
    alerts: [
      {
        status: "firing",
        labels: alert.labels,
        annotations: alert.annotations,
        startsAt: alert.startsAt.toISOString(),
        // Alertmanager's way to say that the alert has not ended: Go's zero time.
        endsAt: "0001-01-01T00:00:00Z",
        generatorURL: `http://prometheus.example:9090/graph?g0.expr=${alertname}`,
        fingerprint: fingerprint(alert.labels),
      },
    ],
  };
}

/** Sixteen hexadecimal digits that are the same for the same labels. */
function fingerprint(labels: Record<string, string>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 16);
}
