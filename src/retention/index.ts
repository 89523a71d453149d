export { forgetOldData } from "./sweep.ts";
