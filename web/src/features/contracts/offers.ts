import type { LifecycleEvent, LifecycleStatus } from "../../../../src/contracts/contract.ts";
import { possibleEvents } from "../../../../src/contracts/lifecycle-table-contract.ts";

/** Why a step that the revision's status allows is not for the reader now. */
type Hindrance = "role" | "author" | "unapproved" | "second_person";

/** A step of a revision's life that is offered. */
export interface Offer {
  event: LifecycleEvent;
  hindrance: Hindrance | undefined;
}

/** Whose steps are asked about. */
export interface Reader {
  isAdmin: boolean;
  id: string;
}

/**
 * What the reader may do with a revision now, in the order of its life. What is hindered is shown with the reason, so that
 * one sees what is missing; the server decides it again.
 *
 * @param needsSecond whether the project asks for another person than the author
 */
export function offersOf(
  revision: {
    lifecycle_status: LifecycleStatus;
    contract_family: string;
    created_by: string;
    is_approved: boolean;
  },
  reader: Reader,
  needsSecond: boolean,
): Offer[] {
  const hindranceOf = (event: LifecycleEvent): Hindrance | undefined => {
    if (!reader.isAdmin) return "role";
    if (event === "approve" && needsSecond && revision.created_by === reader.id) return "author";
    if (event === "activate" && !revision.is_approved) return "unapproved";
    if (event === "deprecate" && needsSecond && revision.contract_family === "policy")
      return "second_person";
    return undefined;
  };
  return (
    possibleEvents(revision.lifecycle_status)
      // Another yes would say nothing new.
      .filter((event) => event !== "approve" || !revision.is_approved)
      .map((event) => ({ event, hindrance: hindranceOf(event) }))
  );
}
