export {
  type Account,
  accountKey,
  accountsOf,
  brokenLimit,
} from "./accounts.ts";
export { type Reservation, readAccounts, reserve, type Standing, settle } from "./budgets.ts";
export { countCalls, type Held, holdAccounts } from "./hold.ts";
export { budgetRoutes } from "./routes.ts";
