// `vite build web` looks for its configuration here, `vite build` one folder up.
export { default } from "../vite.config.ts";
