import {
  approvalsApprove,
  approvalsDecide,
  approvalsList,
  approvalsRecord,
  approvalsReject,
} from "./approvals.ts";
import { approvalsDecideMany, approvalsShow } from "./approvals-show.ts";
import { audit } from "./audit.ts";
import { channelsList } from "./channels.ts";
import { chatLink, chatLinks, chatUnlink } from "./chat.ts";
import type { Command } from "./command.ts";
import { contractsDraft, contractsSteps } from "./contracts-act.ts";
import { contractsApply } from "./contracts-apply.ts";
import { contractsList } from "./contracts-list.ts";
import { contractsDiff, contractsShow } from "./contracts-show.ts";
import { contractsInit, contractsPropose } from "./contracts-write.ts";
import { delegationsCreate, delegationsList, delegationsRevoke } from "./delegations.ts";
import { freezeCommands, freezesList, inFlight, thawCommands } from "./freezes.ts";
import { keysCreate, keysList, keysRevoke, keysSigningRotate } from "./keys.ts";
import { keysOAuthCreate, keysOAuthList, keysOAuthRevoke } from "./keys-oauth.ts";
import { membersAdd, membersList, membersUpdate } from "./members.ts";
import { messagesList, messagesResend } from "./messages.ts";
import { overviewShow } from "./overview.ts";
import { runsShow } from "./runs.ts";
import { runsCancel, runsRetry } from "./runs-act.ts";
import { runsBulkCancel, runsBulkList, runsBulkRetry, runsBulkShow } from "./runs-bulk.ts";
import { runsList } from "./runs-list.ts";
import { secretsList, secretsSet } from "./secrets.ts";
import { tenantsCreate, tenantsList, tenantsShow, tenantsUpdate } from "./tenants.ts";
import { toolServersList, toolServersShow } from "./tool-servers.ts";
import { toolsReview } from "./tools.ts";

/** Every command there is. */
export const COMMANDS: readonly Command[] = [
  contractsInit,
  contractsPropose,
  contractsApply,
  contractsList,
  contractsShow,
  contractsDiff,
  contractsDraft,
  ...contractsSteps,
  runsList,
  runsShow,
  runsCancel,
  runsRetry,
  runsBulkCancel,
  runsBulkRetry,
  runsBulkShow,
  runsBulkList,
  ...freezeCommands,
  ...thawCommands,
  freezesList,
  inFlight,
  overviewShow,
  channelsList,
  messagesList,
  messagesResend,
  approvalsList,
  approvalsShow,
  approvalsApprove,
  approvalsReject,
  approvalsDecide,
  approvalsDecideMany,
  approvalsRecord,
  chatLink,
  chatLinks,
  chatUnlink,
  tenantsList,
  tenantsShow,
  tenantsCreate,
  tenantsUpdate,
  keysList,
  keysCreate,
  keysRevoke,
  keysSigningRotate,
  keysOAuthList,
  keysOAuthCreate,
  keysOAuthRevoke,
  membersList,
  membersAdd,
  membersUpdate,
  delegationsCreate,
  delegationsList,
  delegationsRevoke,
  secretsList,
  secretsSet,
  toolsReview,
  toolServersList,
  toolServersShow,
  audit,
];
