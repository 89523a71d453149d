import type { z } from "zod";
import { appendAudit } from "../audit/index.ts";
import {
  type Caller,
  isPlatformAdmin,
  requireProject,
  requireRole,
  scopeOf,
} from "../identity/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { type Checked, checkDocuments } from "./check.ts";
import type { ApplyResult, applyRequest } from "./contract.ts";
import { type Families, readDocument } from "./documents.ts";
import { deprecateActive, insertActive } from "./revisions.ts";

export interface Contracts {
  /**
   * Applies documents in one transaction: every one of them becomes (or stays) the active revision of its contract, or
   * none does. A body whose hash is that of the active revision changes nothing; any other gets the next minor version.
   *
   * @throws AppError E-FORBIDDEN, E-NOT-FOUND (the project), E-CONTRACT-INVALID (with every wrong field of every
   * document), E-CONTRACT-FAMILY, E-STDIO-OFF
   */
  apply(caller: Caller, request: z.output<typeof applyRequest>): Promise<ApplyResult[]>;
}

/**
 * @param options.families the rules of each family, from the features that own them
 * @param options.allowStdio whether tool servers may be programs on this machine
 */
export function createContracts(options: {
  db: Database;
  families: Families;
  allowStdio: boolean;
}): Contracts {
  return {
    async apply(caller, request) {
      requireRole(caller, "admin");
      if (request.project_id !== undefined) requireProject(caller, request.project_id);
      const fallback = request.project_id ?? onlyProject(caller);
      const documents = request.documents.map((given, at) =>
        readDocument(given, `documents.${at}`, options.families, fallback),
      );
      return options.db.transaction(scopeOf(caller), async (tx) => {
        const checked = await checkDocuments(tx, caller, documents, request.project_id);
        const results: ApplyResult[] = [];
        for (const document of checked) {
          refuseStdio(document, caller, options.allowStdio);
          results.push(await applyOne(tx, caller, document, request.dry_run));
        }
        return results;
      });
    },
  };
}

function onlyProject(caller: Caller): string | undefined {
  return caller.projects !== "all" && caller.projects.length === 1 ? caller.projects[0] : undefined;
}

/** A program on this machine has this machine's rights, so only who runs the machine may name one. */
function refuseStdio(document: Checked, caller: Caller, allowStdio: boolean): void {
  if (!document.isStdio || document.isUnchanged) return;
  const what = `The tool server "${document.identity.contract_id}" would be a program on this machine (transport: stdio)`;
  if (!allowStdio) {
    throw new AppError(
      "E-STDIO-OFF",
      `${what}, and this server does not allow that; reach it by transport: http instead.`,
    );
  }
  if (!isPlatformAdmin(caller)) {
    throw new AppError("E-STDIO-OFF", `${what}, which only a platform admin may apply.`);
  }
}

async function applyOne(
  tx: Tx,
  caller: Caller,
  document: Checked,
  dryRun: boolean,
): Promise<ApplyResult> {
  const { identity, standing, isUnchanged, warnings } = document;
  const version = isUnchanged
    ? { major: standing?.active_major ?? 1, minor: standing?.active_minor ?? 0 }
    : { major: standing?.version_major ?? 1, minor: standing ? standing.version_minor + 1 : 0 };
  const unchangedId = isUnchanged ? (standing?.active_id ?? null) : null;
  const written = !isUnchanged && !dryRun ? await activate(tx, caller, document, version) : null;
  return {
    ...identity,
    revision_id: written ?? unchangedId,
    version: `${version.major}.${version.minor}`,
    status: isUnchanged ? "unchanged" : standing ? "changed" : "created",
    warnings,
  };
}

/** Makes the document the active revision of its contract; runs keep the one they pinned. */
async function activate(
  tx: Tx,
  caller: Caller,
  { identity, body, hash, standing }: Checked,
  version: { major: number; minor: number },
): Promise<string> {
  const revisionId = newId();
  await deprecateActive(tx, identity.project_id, identity.contract_id);
  await insertActive(tx, {
    ...identity,
    revision_id: revisionId,
    version_major: version.major,
    version_minor: version.minor,
    body,
    body_hash: hash,
    created_by: caller.actor.id,
  });
  await appendAudit(tx, {
    projectId: identity.project_id,
    actor: caller.actor,
    action: "contract.activate",
    subject: { kind: "contract", id: identity.contract_id },
    details: {
      contract_family: identity.contract_family,
      revision_id: revisionId,
      version: `${version.major}.${version.minor}`,
      body_hash: hash,
      replaced_revision_id: standing?.active_id ?? null,
    },
  });
  await announce(tx, {
    project_id: identity.project_id,
    kind: "contract",
    id: identity.contract_id,
  });
  return revisionId;
}
