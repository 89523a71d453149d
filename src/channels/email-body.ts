import { z } from "zod";
import { text } from "../platform/contract.ts";
import { asIssue, says } from "../platform/findings-contract.ts";
import { language, secretName } from "./body-parts.ts";

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/i;
/** One address without a name (RFC 5321): what could end a header or begin another one is not among its characters. */
const ADDRESS =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

const address = text(3, 254).regex(ADDRESS, says("no_mail_address"));

/** Out: messages as mail, by a server that speaks SMTP. */
export const emailBody = z
  .strictObject({
    type: z.literal("email"),
    host: text(1, 253).regex(HOST, says("no_host")),
    port: z.number().int().min(1).max(65_535).default(587),
    /** `starttls` begins in the clear and must go on encrypted; `implicit` is encrypted from the first byte. */
    tls: z.enum(["starttls", "implicit", "none"]).default("starttls"),
    user: text(1, 320).optional(),
    password: secretName.optional(),
    from: address,
    to: z.array(address).min(1).max(20),
    language,
  })
  .superRefine((body, context) => {
    const wrong = (path: string, issue: ReturnType<typeof asIssue>) =>
      context.addIssue({ ...issue, path: [path] });
    if (body.user !== undefined && body.password === undefined)
      wrong("password", asIssue("password_needed"));
    if (body.user === undefined && body.password !== undefined)
      wrong("user", asIssue("user_needed"));
    if (body.user !== undefined && body.tls === "none")
      wrong("tls", asIssue("password_in_the_clear"));
  });
export type EmailBody = z.infer<typeof emailBody>;
