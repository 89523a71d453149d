export {
  type Account,
  accountKey,
  accountsOf,
  brokenLimit,
} from "./accounts.ts";
export { readAccounts, reserve, type Standing, settle } from "./budgets.ts";
export { holdAccounts } from "./hold.ts";
export { budgetRoutes } from "./routes.ts";
