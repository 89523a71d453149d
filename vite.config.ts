import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const COMPRESSED = /\.(js|css|html|svg)$/;

/** Puts a smaller copy beside each text, so that the server sends it as it is and never compresses anything itself. */
function compressed(): Plugin {
  return {
    name: "compressed",
    async writeBundle({ dir = "" }, bundle) {
      const names = Object.keys(bundle).filter((name) => COMPRESSED.test(name));
      await Promise.all(
        names.map(async (name) => {
          const text = await readFile(join(dir, name));
          await writeFile(join(dir, `${name}.gz`), await promisify(gzip)(text));
        }),
      );
    },
  };
}

// The console is served under a content security policy that allows only files of our own origin:
// nothing may be inlined as a data: URI (assetsInlineLimit) and no inline script may be emitted.
export default defineConfig({
  root: `${import.meta.dirname}/web`,
  plugins: [react(), tailwindcss(), compressed()],
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    target: "es2023",
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:4600", changeOrigin: false } } },
});
