// How the pages are built and served while they are written. What goes into the wheel is decided by build.py.
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const gateway = process.env.BODHI_DEV_URL ?? "http://127.0.0.1:1135";
const passedOn = ["/bodhi", "/v1", "/anthropic", "/gemini", "/v1beta", "/openai", "/livez", "/readyz"];

export default defineConfig({
  base: "/ui/",
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // build.py says where the pages go: what Vite builds by itself has no stamp, and must not take their place.
  build: { outDir: "dist", emptyOutDir: true, target: "es2023", assetsInlineLimit: 0, manifest: true },
  server: { port: 1136, strictPort: true, proxy: Object.fromEntries(passedOn.map((path) => [path, gateway])) },
  test: { environment: "happy-dom", include: ["test/**/*.test.{ts,tsx}"] },
});
