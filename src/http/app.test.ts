import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as rawRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { startTestHttp, type TestHttp } from "../../test/support/http.ts";

let database: TestDatabase;
let api: TestHttp;
let webRoot: string;
let isReady = true;

beforeAll(async () => {
  webRoot = await mkdtemp(join(tmpdir(), "awooop-web-"));
  await mkdir(join(webRoot, "assets"));
  await writeFile(join(webRoot, "index.html"), "<!doctype html><title>console</title>");
  await writeFile(join(webRoot, "theme.js"), "// theme");
  await writeFile(join(webRoot, "assets/main-1a2b.js"), "// main");
  await writeFile(join(webRoot, "assets/main-1a2b.js.gz"), gzipSync("// main"));
  database = await createTestDatabase();
  api = await startTestHttp(database.url, {
    webRoot,
    ready: async () => {
      if (isReady) return true;
      throw new Error("the database is away");
    },
  });
  await api.project("acme");
});
afterAll(async () => {
  await api?.close();
  await database?.drop();
  await rm(webRoot, { recursive: true, force: true });
});

async function problem(response: Response) {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const body = (await response.json()) as Record<string, unknown>;
  expect(body.status).toBe(response.status);
  return body;
}

/** Sends exactly these bytes; fetch would correct or refuse some of them. */
function raw(options: {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const { method, path, headers } = options;
    const sending = rawRequest(new URL(path, api.url), { method, headers }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        body += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    sending.on("error", reject);
    sending.end(options.body);
  });
}

describe("errors of the API", () => {
  it("answers an unknown address and an unknown method as problems, the latter naming the right ones", async () => {
    const unknown = await api.send("GET", "/api/v1/nowhere", api.adminKey);
    expect(await problem(unknown)).toMatchObject({ status: 404, code: "E-NOT-FOUND" });
    const method = await api.send("PUT", "/api/v1/tenants", api.adminKey, {});
    expect(await problem(method)).toMatchObject({ status: 405, code: "E-METHOD" });
    expect(method.headers.get("allow")).toBe("POST, GET, HEAD");
  });

  it("does not tell strangers which addresses there are", async () => {
    for (const path of ["/api/v1/nowhere", "/api/v1/tenants"]) {
      const response = await api.send("PUT", path);
      expect(await problem(response)).toMatchObject({ status: 401, code: "E-AUTH" });
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="awooop"');
    }
  });

  it("answers JSON that does not parse, other types, and wrong fields each with its own code", async () => {
    const headers = { authorization: `Bearer ${api.adminKey}`, "content-type": "application/json" };
    const url = `${api.url}/api/v1/tenants`;
    const broken = await fetch(url, { method: "POST", headers, body: '{"project_id": ' });
    expect(await problem(broken)).toMatchObject({ status: 400, code: "E-JSON" });
    const form = await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "text/plain" },
      body: '{"project_id":"x"}',
    });
    expect(await problem(form)).toMatchObject({ status: 415, code: "E-MEDIA-TYPE" });
    const fields = await api.send("POST", "/api/v1/tenants", api.adminKey, {
      project_id: "No Slug",
      display_name: "a\0b",
    });
    const { code, errors } = await problem(fields);
    expect(code).toBe("E-INPUT");
    expect((errors as { path: string }[]).map((error) => error.path)).toEqual([
      "body.project_id",
      "body.display_name",
    ]);
    const lost = await fetch(url, {
      method: "POST",
      headers,
      body: '{"project_id":12345678901234567890}',
    });
    expect(await problem(lost)).toMatchObject({
      status: 422,
      code: "E-INPUT",
      errors: [
        { path: "body.project_id", message: expect.stringContaining("12345678901234567890") },
      ],
    });
    const empty = await api.send("POST", "/api/v1/tenants", api.adminKey);
    expect(await problem(empty)).toMatchObject({ status: 422, code: "E-INPUT" });
  });

  it("refuses bodies over 1 MiB, with and without a length, and takes one of just that size", async () => {
    const big = randomBytes(700_000).toString("hex");
    const headers = { authorization: `Bearer ${api.adminKey}`, "content-type": "application/json" };
    const path = "/api/v1/tenants";
    const known = { ...headers, "content-length": String(big.length) };
    const measured = await raw({ method: "POST", path, headers: known, body: big });
    expect(measured).toMatchObject({ status: 413, body: expect.stringContaining("E-BODY-SIZE") });
    const chunked = { ...headers, "transfer-encoding": "chunked" };
    const streamed = await raw({ method: "POST", path, headers: chunked, body: big });
    expect(streamed).toMatchObject({ status: 413, body: expect.stringContaining("E-BODY-SIZE") });
    const full = await fetch(`${api.url}/mcp`, { method: "POST", body: big.slice(0, 1024 * 1024) });
    expect(await full.text()).toBe("mcp 1048576");
  });

  it("says nothing about the inside when something unforeseen happens", async () => {
    const other = await createTestDatabase();
    const dying = await startTestHttp(other.url);
    try {
      await dying.send("GET", "/api/v1/session", dying.adminKey);
      await other.drop();
      const response = await dying.send("GET", "/api/v1/session", dying.adminKey);
      const { status, code, detail } = await problem(response);
      expect({ status, code }).toEqual({ status: 500, code: "E-INTERNAL" });
      expect(detail).toBe(
        `The error has been logged under the request id ${response.headers.get("x-request-id")}.`,
      );
    } finally {
      await dying.close();
    }
  });
});

describe("what stands beside the API", () => {
  it("describes the API to anybody as OpenAPI 3.1", async () => {
    const response = await api.send("GET", "/api/v1/openapi.json");
    const document = (await response.json()) as { openapi: string; paths: Record<string, object> };
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(["/session", "/keys/{key_id}", "/tenants/{project_id}", "/events"]),
    );
  });

  it("tells health, readiness, and how long answers took by route", async () => {
    expect((await api.send("GET", "/healthz")).status).toBe(200);
    expect((await api.send("GET", "/readyz")).status).toBe(200);
    isReady = false;
    expect((await api.send("GET", "/readyz")).status).toBe(503);
    isReady = true;
    await api.send("DELETE", "/api/v1/keys/aaaaaaaaaaaa", api.adminKey);
    const metrics = await (await api.send("GET", "/metrics")).text();
    expect(metrics).toContain("process_cpu_seconds_total");
    expect(metrics).toMatch(
      /http_request_duration_seconds_count\{method="DELETE",route="\/api\/v1\/keys\/:key_id",status="404"\} 1/,
    );
    expect(metrics).not.toContain("aaaaaaaaaaaa");
  });

  it("keeps other sites out of every answer by its headers", async () => {
    for (const path of [
      "/",
      "/api/v1/tenants",
      "/healthz",
      "/api/v1/nowhere",
      "/assets/main-1a2b.js",
    ]) {
      const { headers } = await api.send("GET", path);
      expect(headers.get("content-security-policy")).toBe(
        "default-src 'self'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
      );
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("strict-transport-security")).toBeNull();
    }
  });

  it("sends the smaller copy that the build has put beside a file", async () => {
    const headers = { "accept-encoding": "gzip" };
    const small = await fetch(`${api.url}/assets/main-1a2b.js`, { headers });
    expect(small.headers.get("content-encoding")).toBe("gzip");
    expect(small.headers.get("content-type")).toMatch(/javascript/);
    expect(await small.text()).toBe("// main");
  });

  it("hands hooks and the gateway what is theirs", async () => {
    const hook = await api.send("POST", "/hooks/acme/alerts", undefined, {});
    expect(await hook.text()).toBe("hooked");
    expect(await problem(await api.send("GET", "/hooks/acme"))).toMatchObject({ status: 404 });
  });
});

describe("the console's files", () => {
  it("answers every page with index.html, never kept", async () => {
    for (const path of ["/", "/runs", "/runs/acme/01a1", "/sign-in"]) {
      const response = await api.send("GET", path);
      expect(await response.text()).toContain("<title>console</title>");
      expect(response.headers.get("content-type")).toMatch(/^text\/html/);
      expect(response.headers.get("cache-control")).toBe("no-cache");
    }
  });

  it("keeps files with a hash in their name for ever, others not", async () => {
    const asset = await api.send("GET", "/assets/main-1a2b.js");
    expect(await asset.text()).toBe("// main");
    expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const theme = await api.send("GET", "/theme.js");
    expect(theme.headers.get("cache-control") ?? "").not.toContain("immutable");
  });

  it("has no page where an asset or an operation is missing, nor outside its folder", async () => {
    for (const path of ["/assets/gone-9f.js", "/api/v2/x", "/mcp/x", "/hooks/x"]) {
      const response = await api.send("GET", path);
      expect(await problem(response)).toMatchObject({ status: 404, code: "E-NOT-FOUND" });
      expect(response.headers.get("cache-control") ?? "").not.toContain("immutable");
    }
    const outside = await raw({
      method: "GET",
      path: "/",
      headers: {},
      body: "",
    });
    expect(outside.status).toBe(200);
    const { status, body } = await raw({
      method: "GET",
      path: "/..%2f..%2f..%2fetc%2fpasswd",
      headers: {},
      body: "",
    });
    expect({ status, leaks: body.includes("root:") }).toEqual({ status: 200, leaks: false });
  });

  it("says how to build them when they are not there", async () => {
    const other = await createTestDatabase();
    const bare = await startTestHttp(other.url);
    try {
      const page = await bare.send("GET", "/runs");
      expect(await page.text()).toContain("npm run build:web");
      expect(await problem(await bare.send("GET", "/hooks/x"))).toMatchObject({ status: 404 });
    } finally {
      await bare.close();
      await other.drop();
    }
  });
});

describe("listening", () => {
  it("names the variable when the port is taken", async () => {
    const { serve } = await import("./serve.ts");
    const { Hono } = await import("hono");
    const first = await serve(new Hono(), { host: "127.0.0.1", port: 0 });
    await expect(serve(new Hono(), { host: "127.0.0.1", port: first.port })).rejects.toMatchObject({
      code: "E-CONFIG",
      message: `AWOOOP_PORT: port ${first.port} of 127.0.0.1 is in use by another program; choose another port.`,
    });
    await first.close();
  });
});
