import { delivery } from "../e2e-tenant.ts";
import {
  decisions,
  keyAndSecretFields,
  refusedActions,
  runFields,
  tenantFields,
} from "./bodies.ts";
import { contracts } from "./contracts.ts";
import { type BadRequest, NUL, type Things } from "./request.ts";
import { howItIsSent, ids, queries, whoAsks } from "./sending.ts";

export type { Holder } from "./request.ts";

const PARTS = [
  whoAsks,
  howItIsSent,
  ids,
  queries,
  decisions,
  refusedActions,
  runFields,
  tenantFields,
  keyAndSecretFields,
  contracts,
];

/** Requests to the operator API that are wrong in one way each. */
export function badRequests(things: Things): BadRequest[] {
  return PARTS.flatMap((part) => part(things));
}

/** Deliveries to the hook `alerts` that are wrong in one way each, beside a good alert. */
export function badDeliveries(): [what: string, body: unknown, field: string | undefined][] {
  const good = delivery("Bad");
  const [alert] = good.alerts;
  const beside = (wrong: object) => ({ ...good, alerts: [alert, { ...alert, ...wrong }] });
  return [
    ["that is no JSON", "{", "body"],
    ["that is a list", [], "body"],
    ["of another version", { ...good, version: "3" }, "body.version"],
    ["without alerts", { ...good, alerts: [] }, "body.alerts"],
    [
      "with an alert without a fingerprint",
      beside({ fingerprint: undefined }),
      "body.alerts.1.fingerprint",
    ],
    ["with an alert of no time", beside({ startsAt: "yesterday" }), "body.alerts.1.startsAt"],
    [
      "with an alert that is neither firing nor resolved",
      beside({ status: "maybe" }),
      "body.alerts.1.status",
    ],
    ["with labels that are no texts", beside({ labels: { a: 1 } }), "body.alerts.1.labels.a"],
    ["with NUL in the fingerprint", beside({ fingerprint: NUL }), "body.alerts.1.fingerprint"],
  ];
}
