import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

/** For `localhost`, for a hundred years; known to nobody, so a test that wants it trusted has to say so. */
export const MAIL_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUYmOQksOL94qOJKrwEBlyYjp2PG4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTA0MjYxNloYDzIxMjYxMTA1
MDQyNjE2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATulBHY8tnN/thVk7f3SUBSajpj+3xmSYRdSHcmBo7gDA3AMp2rLxii
5Awfdryu15yK0l8rejZNl/R2E4bZXqN0o2kwZzAdBgNVHQ4EFgQUdBNqdoN2faB+
ptnM7QNS9XaUdJAwHwYDVR0jBBgwFoAUdBNqdoN2faB+ptnM7QNS9XaUdJAwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
RwAwRAIgdZZCkv3sXjJNMdoxFz4NWPD9TMV1Mgo7WbvMZxKduLgCIHbq32X+mK0o
59zWM9diq+BRaVB49fm9iNaR19ew8gis
-----END CERTIFICATE-----
`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE94nsKIaGjNPnKdL
9FngGYECLSptpGaPBEBqhIUM10+hRANCAATulBHY8tnN/thVk7f3SUBSajpj+3xm
SYRdSHcmBo7gDA3AMp2rLxii5Awfdryu15yK0l8rejZNl/R2E4bZXqN0
-----END PRIVATE KEY-----
`;

export const MAIL_USER = { user: "awooop", password: "a-password-of-the-mail-server" };

/** What the mail server took. */
export interface TakenMail {
  from: string;
  to: string[];
  /** As it came, headers and all. */
  raw: string;
  /** Who had signed in. */
  user: string | undefined;
}

export interface MailServer {
  port: number;
  mails: TakenMail[];
  /** The code with which a recipient is refused, if so. */
  refuse: (to: string) => number | undefined;
  /** The code with which a mail is refused, or `cut` to end the connection in place of an answer. */
  answer: () => number | "cut" | undefined;
  close(): Promise<void>;
}

/** A real mail server on the loopback address. */
export async function openMailServer(
  how: { tls?: true; needsLogin?: true } = {},
): Promise<MailServer> {
  const server = new SMTPServer({
    key: KEY,
    cert: MAIL_CERTIFICATE,
    authOptional: !how.needsLogin,
    disabledCommands: how.tls ? [] : ["STARTTLS"],
    disableReverseLookup: true,
    onAuth({ username, password }, _, done) {
      const isRight = username === MAIL_USER.user && password === MAIL_USER.password;
      return isRight ? done(null, { user: username }) : done(refusal(535));
    },
    onRcptTo({ address }, _, done) {
      const code = mails.refuse(address);
      done(code === undefined ? null : refusal(code));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.mails.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString("utf8"),
          user: session.user === undefined ? undefined : String(session.user),
        });
        const code = mails.answer();
        if (code === "cut") for (const { _socket } of server.connections) _socket.destroy();
        else done(code === undefined ? null : refusal(code));
      });
    },
  });
  server.on("error", () => {}); // clients that went away
  const mails: MailServer = {
    port: 0,
    mails: [],
    refuse: () => undefined,
    answer: () => undefined,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  mails.port = (server.server.address() as AddressInfo).port;
  return mails;
}

function refusal(responseCode: number): Error {
  return Object.assign(new Error("not here"), { responseCode });
}
