export { caseRoutes } from "./case-routes.ts";
export { type ChannelBody, channelBodySchema, channelChecks } from "./channel-body.ts";
export { deliverMessage } from "./deliver.ts";
export { hookRoutes } from "./hooks.ts";
export { enqueueMessage } from "./messages.ts";
export { notifyApprovalOpened, notifyRunEnded } from "./notifications.ts";
export { channelRoutes } from "./routes.ts";
export { readRunEvents } from "./run-events.ts";
export { failStuckMessages } from "./stuck.ts";
