export { answers, newApi, problems } from "./api.ts";
export { type Cursors, createCursors } from "./cursor.ts";
export { type BodyKind, bodyKind, notJson } from "./media-type.ts";
export { openPage, type Place, type TimeAndId, timeAndId } from "./page.ts";
export { fieldErrors, problemResponse, problemSchema } from "./problem.ts";
export { type WhenSent, whenSent, whenSentTo } from "./sent.ts";
