import type { Family } from "../../../../src/contracts/contract.ts";

/** What a new contract begins with: small, complete once its names are right, and safe. */
export const SKELETONS: Record<Family, string> = {
  agent: `display_name: My agent
driver: client
tools:
  - server: shop-tools
    tool: disk_usage
    effect: read
  - server: shop-tools
    tool: clear_cache
    approval: always
limits:
  calls: 20
`,
  tool_server: `transport: http
url: https://tools.example.com/mcp
headers:
  authorization: Bearer secret:SHOP_TOOLS_TOKEN
`,
  policy: `display_name: What agents of this project may do
cedar: |
  @id("everything")
  permit (principal, action, resource);
`,
  channel: `type: alertmanager
auth:
  scheme: bearer
  secret: secret:ALERTS_TOKEN
`,
};
