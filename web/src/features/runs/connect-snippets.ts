/** Commands that a reader can copy as they stand: only the address is filled in. */
export interface Snippets {
  server: string;
  agent: string;
  alert: string;
}

const apply = (file: string, yaml: string) =>
  `cat > ${file} <<'YAML'\n${yaml.trim()}\nYAML\nnpm run awooop -- contracts apply ${file}`;

/** `origin` is where this console is served from, without a slash at the end. */
export function snippets(origin: string, project: string): Snippets {
  return {
    server: apply(
      "tools.yaml",
      `
contract_family: tool_server
contract_id: my-tools
body:
  transport: stdio
  command: npx
  args: [-y, "@modelcontextprotocol/server-everything"]
`,
    ),
    agent: `${apply(
      "agent.yaml",
      `
contract_family: agent
contract_id: my-agent
body:
  display_name: My agent
  driver: client
  tools:
    - { server: my-tools, tool: echo, effect: read }
    - { server: my-tools, tool: get-sum, effect: write, approval: always }
`,
    )}
npm run awooop -- keys create --role agent --project ${project} --agent my-agent
# in the agent's MCP settings:
#   url: ${origin}/mcp
#   header: Authorization: Bearer awp_…`,
    alert: `${apply(
      "alerts.yaml",
      `
contract_family: channel
contract_id: alerts
body:
  type: alertmanager
  auth: { scheme: bearer, secret: secret:ALERTS_TOKEN }
`,
    )}
# in alertmanager.yml:
#   receivers:
#     - name: awooop
#       webhook_configs:
#         - url: ${origin}/hooks/${project}/alerts
#           http_config:
#             authorization: { type: Bearer, credentials: … }`,
  };
}
