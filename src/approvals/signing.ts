import { jwtVerify, SignJWT } from "jose";
import type { Timestamp, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { Sealer } from "../platform/sealing.ts";
import type { ApprovedCall, ExactCall } from "./rules.ts";
import { ALGORITHM, currentKey, publicKey } from "./signing-keys.ts";

const ISSUER = "awooop";
const AUDIENCE = "awooop:execute";
const TYPE = "awooop-approval+jwt";

/** What an approval's token was signed for. */
export interface ApprovalToken {
  approvalId: string;
  jti: string;
  call: ApprovedCall;
  /** When its time to be executed is over, to the second: the claim `exp`. */
  expiresAt: Date;
  /** The same to the microsecond; tokens of the release before this one have none. */
  redeemBy: Timestamp | undefined;
}

/** Signs approvals with the newest key and checks them with the one they name. */
export interface Signer {
  sign(
    tx: Tx,
    token: { approvalId: string; jti: string; call: ExactCall; redeemBy: Timestamp },
  ): Promise<string>;
  /**
   * @returns what the token was signed for
   * @throws AppError E-APPR-MISMATCH when the signature, type, issuer or audience does not hold
   */
  verify(tx: Tx, token: string): Promise<ApprovalToken>;
}

/** A signer that reads keys through the caller's transaction. */
export function createSigner(sealer: Sealer): Signer {
  // A key that is retired goes on to hold, and none is ever changed.
  const known = new Map<string, Awaited<ReturnType<typeof publicKey>>>();
  const keyOf = async (tx: Tx, kid = "") => {
    const key = known.get(kid) ?? (await publicKey(tx, kid));
    known.set(kid, key);
    return key;
  };
  return {
    async sign(tx, { approvalId, jti, call, redeemBy }) {
      const { kid, key } = await currentKey(tx, sealer);
      return new SignJWT({ call, redeem_by: redeemBy })
        .setProtectedHeader({ alg: ALGORITHM, kid, typ: TYPE })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(approvalId)
        .setJti(jti)
        .setExpirationTime(new Date(redeemBy))
        .sign(key);
    },
    async verify(tx, token) {
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => keyOf(tx, kid), {
          issuer: ISSUER,
          audience: AUDIENCE,
          typ: TYPE,
          algorithms: [ALGORITHM],
          requiredClaims: ["exp", "jti", "sub", "call"],
          // Whether it can still be redeemed is asked of the database's clock, not of this machine's.
          currentDate: new Date(0),
        });
        return {
          approvalId: payload.sub ?? "",
          jti: payload.jti ?? "",
          call: payload.call as ApprovedCall,
          expiresAt: new Date((payload.exp ?? 0) * 1_000),
          redeemBy: payload.redeem_by as Timestamp | undefined,
        };
      } catch (cause) {
        throw new AppError("E-APPR-MISMATCH", "The approval's signature does not hold.", { cause });
      }
    },
  };
}
