import { exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import type { Database, Tx } from "../platform/database/index.ts";
import { jsonb, violates } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { Sealer } from "../platform/sealing.ts";
import type { ExactCall } from "./rules.ts";

const ALGORITHM = "EdDSA";
const ISSUER = "awooop";
const AUDIENCE = "awooop:execute";

/** Signs approvals with the newest key and checks them with the one they name. */
export interface Signer {
  sign(
    tx: Tx,
    token: { approvalId: string; jti: string; call: ExactCall; redeemBy: string },
  ): Promise<string>;
  /**
   * @returns what the token was signed for
   * @throws AppError E-APPR-MISMATCH when the signature, issuer, audience or time does not hold
   */
  verify(tx: Tx, token: string): Promise<{ approvalId: string; jti: string; call: ExactCall }>;
}

/** Makes the first signing key (Ed25519) unless there is one; of two processes starting together one wins. */
export async function ensureSigningKey(db: Database, sealer: Sealer): Promise<void> {
  await db
    .transaction({ role: "system" }, async (tx) => {
      const current = await tx
        .selectFrom("signing_keys")
        .select("kid")
        .where("retired_at", "is", null)
        .executeTakeFirst();
      if (current) return;
      const pair = await generateKeyPair(ALGORITHM, { crv: "Ed25519", extractable: true });
      const kid = newId();
      const secret = JSON.stringify(await exportJWK(pair.privateKey));
      await tx
        .insertInto("signing_keys")
        .values({
          kid,
          public_jwk: jsonb({
            ...(await exportJWK(pair.publicKey)),
            kid,
            alg: ALGORITHM,
            use: "sig",
          }),
          private_ciphertext: sealer.seal(secret, contextOf(kid)),
        })
        .execute();
    })
    .catch((error: unknown) => {
      if (!violates(error, "signing_keys_one_current")) throw error;
    });
}

function contextOf(kid: string): string {
  return `signing_keys/${kid}`;
}

/** A signer that reads keys through the caller's transaction. */
export function createSigner(sealer: Sealer): Signer {
  return {
    async sign(tx, { approvalId, jti, call, redeemBy }) {
      const key = await tx
        .selectFrom("signing_keys")
        .select(["kid", "private_ciphertext"])
        .where("retired_at", "is", null)
        .executeTakeFirstOrThrow();
      const jwk = JSON.parse(sealer.open(key.private_ciphertext, contextOf(key.kid))) as JWK;
      return new SignJWT({ call })
        .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: "awooop-approval+jwt" })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(approvalId)
        .setJti(jti)
        .setExpirationTime(new Date(redeemBy))
        .sign(await importJWK(jwk, ALGORITHM));
    },
    async verify(tx, token) {
      try {
        const { payload } = await jwtVerify(
          token,
          async ({ kid }) => {
            const row = await tx
              .selectFrom("signing_keys")
              .select("public_jwk")
              .where("kid", "=", kid ?? "")
              .executeTakeFirstOrThrow();
            return importJWK(row.public_jwk as JWK, ALGORITHM);
          },
          // Whether it can still be redeemed is asked of the database's clock, not of this machine's.
          { issuer: ISSUER, audience: AUDIENCE, algorithms: [ALGORITHM], currentDate: new Date(0) },
        );
        return {
          approvalId: payload.sub ?? "",
          jti: payload.jti ?? "",
          call: payload.call as ExactCall,
        };
      } catch (cause) {
        throw new AppError("E-APPR-MISMATCH", "The approval's signature does not hold.", { cause });
      }
    },
  };
}
