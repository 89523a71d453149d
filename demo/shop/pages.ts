import { html } from "hono/html";
import type { Health } from "./health.ts";
import type { PagerMessage } from "./pager.ts";
import { PAGE_BYTES } from "./settings.ts";

/** Where a product's page stands in the cache; 16 folders, so that no folder grows long. */
export function pagePath(id: number): string {
  return `products/${id % 16}/${id}.html`;
}

/** A product's page, exactly `PAGE_BYTES` long: its reviews fill what is left. */
export function renderProduct(id: number): string {
  const head = `<!doctype html><title>Product ${id}</title><h1>Product ${id}</h1>\n`;
  const review = `<p>Review of product ${id}: arrived on time, does what it says.</p>\n`;
  return head.padEnd(PAGE_BYTES, review);
}

const style = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color-scheme:light dark}table{border-collapse:collapse}td,th{padding:.2rem 1.5rem .2rem 0;text-align:left}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border-left:2px solid;padding-left:1rem}`;

/** The page a person sees: how the shop is, and what its pager received. Everything is escaped. */
export function renderHome(health: Health, messages: PagerMessage[]) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta http-equiv="refresh" content="2" />
        <title>Shop on ${health.host}: ${health.status}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <h1>Shop on ${health.host}: ${health.status}</h1>
        <p>${health.summary}</p>
        <table>
          <tr><th>Cache</th><td>${mebibytes(health.cache.used_bytes)} of ${mebibytes(health.cache.quota_bytes)} MiB (${health.cache.percent} %), ${health.cache.files} files</td></tr>
          <tr><th>New pages can be stored</th><td>${health.cache.writable ? "yes" : "no"}</td></tr>
          <tr><th>Writes refused since the start</th><td>${health.refused_writes}</td></tr>
          <tr><th>Started</th><td>${health.started_at}</td></tr>
        </table>
        <h2>Pager: ${messages.length} messages</h2>
        ${messages.toReversed().map(renderMessage)}
      </body>
    </html>`;
}

function renderMessage(message: PagerMessage) {
  return html`<article>
    <p>${message.received_at}, ${message.id}, signature ${message.signature}</p>
    <pre>${JSON.stringify(message.payload, null, 2)}</pre>
  </article>`;
}

function mebibytes(bytes: number): string {
  return (bytes / (1024 * 1024)).toFixed(1);
}
