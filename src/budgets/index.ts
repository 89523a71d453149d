export { limitsOf, type RunLimits, type RunUsage, readUsage, reserve, settle } from "./budgets.ts";
export { budgetRoutes } from "./routes.ts";
