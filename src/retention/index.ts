export { forgetOldData, type RetentionDeps } from "./sweep.ts";
