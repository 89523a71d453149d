/** Commands to copy, in the order in which they are needed. */
export interface Snippets {
  start: string;
  server: string;
  agent: string;
  alert: string;
}

export interface Place {
  /** Where this console is served from, without a slash at the end. */
  origin: string;
  /** A project to connect to; undefined when there is none yet. */
  project: string | undefined;
}

const DEFAULT_ORIGIN = "http://127.0.0.1:4600";
const FIRST_PROJECT = "demo";

/** The quotes around YAML keep the shell from reading it. */
const file = (name: string, lines: string[]) => [`cat > ${name} <<'YAML'`, ...lines, "YAML"];

const apply = (name: string, project: string) =>
  `npm run awooop -- contracts apply ${name} --project ${project}`;

function startCommands(place: Place): string[] {
  return [
    "export AWOOOP_KEY=awp_…",
    ...(place.origin === DEFAULT_ORIGIN ? [] : [`export AWOOOP_URL=${place.origin}`]),
    ...(place.project === undefined
      ? [`npm run awooop -- tenants create ${FIRST_PROJECT} --mode active`]
      : []),
  ];
}

function serverCommands(project: string): string[] {
  return [
    ...file("my-tools.yaml", [
      "contract_family: tool_server",
      "contract_id: my-tools",
      "body:",
      "  transport: stdio",
      "  command: npx",
      '  args: [-y, "@modelcontextprotocol/server-everything"]',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the command line fills it in, by --set
      "  env: { PATH: '${PATH}' }",
    ]),
    `${apply("my-tools.yaml", project)} --set PATH="$PATH"`,
  ];
}

function agentCommands(project: string, origin: string): string[] {
  return [
    ...file("my-agent.yaml", [
      "contract_family: agent",
      "contract_id: my-agent",
      "body:",
      "  display_name: My agent",
      "  driver: client",
      "  tools:",
      "    - { server: my-tools, tool: echo, effect: read }",
      "    - { server: my-tools, tool: get-sum, effect: write, approval: always }",
    ]),
    apply("my-agent.yaml", project),
    `npm run awooop -- keys create my-agent --role agent --project ${project} --agent my-agent`,
    "",
    "# In the agent's MCP settings, with the key that was just printed:",
    `#   URL      ${origin}/mcp`,
    "#   header   Authorization: Bearer awp_…",
    "# Claude Code, for instance (docs/connect-an-editor.md has others):",
    `#   claude mcp add --transport http awooop ${origin}/mcp --header "Authorization: Bearer awp_…"`,
  ];
}

function alertCommands(project: string, origin: string): string[] {
  return [
    ...file("alerts.yaml", [
      "contract_family: channel",
      "contract_id: alerts",
      "body:",
      "  type: alertmanager",
      "  auth: { scheme: bearer, secret: secret:ALERTS_TOKEN }",
    ]),
    "export ALERTS_TOKEN=$(openssl rand -hex 24)",
    `printf %s "$ALERTS_TOKEN" | npm run awooop -- secrets set ALERTS_TOKEN --project ${project}`,
    apply("alerts.yaml", project),
    "",
    "# In alertmanager.yml, with the same token:",
    "#   receivers:",
    "#     - name: awooop",
    "#       webhook_configs:",
    `#         - url: ${origin}/hooks/${project}/alerts`,
    "#           http_config:",
    "#             authorization: { type: Bearer, credentials: … }",
  ];
}

/** They run as they stand in the folder that `npm start` ran in, once the key is filled in. */
export function snippets(place: Place): Snippets {
  const project = place.project ?? FIRST_PROJECT;
  return {
    start: startCommands(place).join("\n"),
    server: serverCommands(project).join("\n"),
    agent: agentCommands(project, place.origin).join("\n"),
    alert: alertCommands(project, place.origin).join("\n"),
  };
}
