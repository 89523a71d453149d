import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The console is served under a content security policy that allows only files of our own origin:
// nothing may be inlined as a data: URI (assetsInlineLimit) and no inline script may be emitted.
export default defineConfig({
  root: `${import.meta.dirname}/web`,
  plugins: [react(), tailwindcss()],
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
