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
  contract("agent", "rounds", {
    driver: "worker",
    triggers: [{ channel: "alerts" }],
    tools: grants({ quorum: 2, on_reject: "return", ask: { headline: { en: "Wipe?" } } }),
    limits: { calls: 20, cost_usd: 0.5 },
    runbook: {
      steps: [
        { key: "look", call: { server: "tools", tool: "look", args: { name: "x" } } },
        { key: "is_seen", check: { $cel: "steps.look.output != null" } },
        { key: "wipe", call: { server: "tools", tool: "wipe", args: { name: { $cel: "'x'" } } } },
      ],
    },
  }),
  contract("policy", "rules", { cedar: "permit(principal, action, resource);" }),
  contract("policy", "rules", {
    cedar:
      "permit(principal, action, resource); forbid(principal, action, resource) when { 1 == 2 };",
  }),
];
