export { createHttp, type Http } from "./app.ts";
export type { Listening } from "./serve.ts";
