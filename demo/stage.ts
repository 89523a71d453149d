import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Child, choosePort } from "./child.ts";
import { readContracts } from "./contract-files.ts";
import { OperatorApi } from "./operator-api.ts";
import { PAGE_BYTES } from "./shop/settings.ts";
import type { Workspace } from "./workspace.ts";

export const PROJECT = "demo";
export const SHOP_HOST = "shop-cache-01";

const SERVER_START_MS = 45_000;
const SHOP_START_MS = 10_000;
const QUOTA_BYTES = 200 * PAGE_BYTES;

/** Secrets of one demo; made anew for each. */
export type Secrets = {
  adminKey: string;
  alertsToken: string;
  shopAdminToken: string;
  pagerSecret: string;
};

/** Everything that runs while the demo does. */
export type Stage = {
  api: OperatorApi;
  secrets: Secrets;
  shopUrl: string;
  workspace: Workspace;
  /** Throws if one of the programs has ended, with its last words. */
  assertRunning: () => Promise<void>;
};

export function makeSecrets(): Secrets {
  const hex = (bytes: number) => randomBytes(bytes).toString("hex");
  return {
    adminKey: `awp_${hex(8)}_${hex(32)}`,
    alertsToken: hex(32),
    shopAdminToken: hex(32),
    pagerSecret: `whsec_${randomBytes(32).toString("base64")}`,
  };
}

/** AwoooP itself, as `npm start` would run it, with its own database in the demo's folder. */
export async function startServer(
  packageDir: string,
  workspace: Workspace,
  secrets: Secrets,
  preferredPort: number,
  children: Child[],
): Promise<OperatorApi> {
  const port = await choosePort(preferredPort);
  const server = new Child({
    name: "The AwoooP server",
    args: ["--import", join(import.meta.dirname, "end-with-parent.ts"), "src/main.ts"],
    cwd: packageDir,
    env: {
      ...withoutOurs(process.env),
      AWOOOP_DATA_DIR: workspace.serverData,
      AWOOOP_PORT: String(port),
      AWOOOP_ADMIN_KEY: secrets.adminKey,
      AWOOOP_ALLOW_HOSTS: "127.0.0.1",
    },
    logFile: workspace.serverLog,
  });
  children.push(server);
  const baseUrl = `http://127.0.0.1:${port}`;
  await server.waitUntilReady(`${baseUrl}/readyz`, SERVER_START_MS);
  return new OperatorApi(baseUrl, secrets.adminKey, PROJECT);
}

/** The environment without settings meant for another AwoooP, such as a real database. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = Object.entries(env).filter(([name]) => !/^(AWOOOP|DATABASE)_/.test(name));
  return Object.fromEntries(foreign);
}

/** The shop, the service that the demo breaks; returns its address once it is healthy. */
export async function startShop(
  workspace: Workspace,
  secrets: Secrets,
  children: Child[],
): Promise<string> {
  const port = await choosePort(0);
  await mkdir(workspace.shopCache);
  const shop = new Child({
    name: "The shop",
    args: [join(import.meta.dirname, "shop", "service.ts")],
    cwd: workspace.root,
    env: {
      SHOP_HOST,
      SHOP_PORT: String(port),
      SHOP_CACHE_DIR: workspace.shopCache,
      SHOP_LOG_FILE: workspace.shopLog,
      SHOP_QUOTA_BYTES: String(QUOTA_BYTES),
      SHOP_ADMIN_TOKEN: secrets.shopAdminToken,
      SHOP_PAGER_SECRET: secrets.pagerSecret,
    },
    logFile: workspace.shopOutput,
  });
  children.push(shop);
  const url = `http://127.0.0.1:${port}`;
  await shop.waitUntilReady(`${url}/healthz`, SHOP_START_MS);
  return url;
}

/** Project, secrets and contracts, through the public API; returns the number of contracts. */
export async function setUpProject(packageDir: string, stage: Stage): Promise<number> {
  const { api, secrets, shopUrl, workspace } = stage;
  await api.createProject("Demo shop");
  await api.putSecret("ALERTS_TOKEN", secrets.alertsToken);
  await api.putSecret("PAGER_SECRET", secrets.pagerSecret);
  await api.putSecret("SHOP_ADMIN_TOKEN", secrets.shopAdminToken);
  const documents = await readContracts(join(packageDir, "examples", "disk-janitor"), PROJECT, {
    NODE: process.execPath,
    SHOP_TOOLS: join(import.meta.dirname, "shop", "tools.ts"),
    SHOP_HOST,
    SHOP_URL: shopUrl,
    SHOP_CACHE_DIR: workspace.shopCache,
    SHOP_LOG_FILE: workspace.shopLog,
    SHOP_QUOTA_BYTES: String(QUOTA_BYTES),
    PAGER_URL: `${shopUrl}/pager`,
  });
  return api.applyContracts(documents);
}
