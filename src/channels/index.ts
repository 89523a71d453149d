export { type ChannelBody, channelBodySchema } from "./contract.ts";
export { type DeliverDeps, deliverMessage } from "./deliver.ts";
export { type HookDeps, hookRoutes } from "./hooks.ts";
export { enqueueMessage, type NewMessage } from "./messages.ts";
export { type NotificationDeps, notifyApprovalOpened, notifyRunEnded } from "./notifications.ts";
export { channelRoutes } from "./routes.ts";
