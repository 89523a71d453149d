import { contract, grants } from "../e2e-tenant.ts";

/** Contracts that can be applied to a tenant that `addTenant` made. */
export const CONTRACTS: readonly object[] = [
  contract("channel", "bell", { type: "console" }),
  contract("channel", "alerts", {
    type: "alertmanager",
    auth: { scheme: "bearer", secret: "secret:ALERTS_TOKEN" },
  }),
  contract("agent", "helper", { driver: "client", tools: grants() }),
  contract("agent", "reader", {
    driver: "client",
    tools: [{ server: "tools", tool: "look", effect: "read" }],
  }),
];
