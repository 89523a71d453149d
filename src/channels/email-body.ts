import { z } from "zod";
import { text } from "../platform/contract.ts";
import { language, secretName } from "./body-parts.ts";

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/i;
/** One address without a name (RFC 5321): what could end a header or begin another one is not among its characters. */
const ADDRESS =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

const address = text(3, 254).regex(ADDRESS, "must be a mail address such as oncall@shop.example");

/** Out: messages as mail, by a server that speaks SMTP. */
export const emailBody = z
  .strictObject({
    type: z.literal("email"),
    host: text(1, 253).regex(HOST, "must be a host name or an address, such as mail.shop.example"),
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
    const wrong = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (body.user !== undefined && body.password === undefined)
      wrong("password", "is needed: the secret that holds the user's password");
    if (body.user === undefined && body.password !== undefined)
      wrong("user", "is needed: whose password it is");
    if (body.user !== undefined && body.tls === "none")
      wrong("tls", "must not be none: a password is not sent in the clear");
  });
export type EmailBody = z.infer<typeof emailBody>;
