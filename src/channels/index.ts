export { channelBodySchema } from "./contract.ts";
export { deliverMessage } from "./deliver.ts";
export { hookRoutes } from "./hooks.ts";
export { enqueueMessage } from "./messages.ts";
export { notifyApprovalOpened, notifyRunEnded } from "./notifications.ts";
export { channelRoutes } from "./routes.ts";
export { failStuckMessages } from "./stuck.ts";
