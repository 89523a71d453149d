import { Readable } from "node:stream";
import MailComposer from "nodemailer/lib/mail-composer";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { AppError } from "../platform/errors.ts";
import { addressOf } from "../platform/net.ts";
import type { EmailBody } from "./email-body.ts";
import { failureOf } from "./email-failure.ts";
import { oneLine } from "./preview.ts";
import type { Outgoing, Sender, SenderDeps } from "./sender.ts";

const CONNECT_MS = 8_000;
const SILENCE_MS = 10_000;
const SUBJECT_MAX = 120;

/**
 * Sends messages as plain text by SMTP (RFC 5321), to public addresses and allowed hosts only. A mail's Message-ID is made of
 * the message's id, and those of a run refer to the first of them (RFC 5322 §3.6.4), which mail programs show as a thread.
 *
 * @throws AppError E-SECRET-MISSING
 */
export async function emailSender(body: EmailBody, deps: SenderDeps): Promise<Sender> {
  const { user, password } = body;
  const login =
    user === undefined || password === undefined
      ? undefined
      : { user, pass: await deps.readSecret(password) };
  return {
    hasThreads: true,
    async send(message, signal) {
      const id = `<${message.messageId}@${domainOf(body.from)}>`;
      const mail = await compose(body, message, id);
      let isOnItsWay = false;
      const source = Readable.from(
        (function* () {
          isOnItsWay = true;
          yield mail;
        })(),
      );
      try {
        const address = await addressOf(hostOf(body), body.port, deps.allowHosts, refused);
        const refusedTo = await transmit({ body, address, login, source, signal });
        return { ok: true, providerMessageId: id, ...noteOf(refusedTo) };
      } catch (error) {
        return failureOf(error, isOnItsWay);
      }
    },
  };
}

const hostOf = (body: EmailBody) => body.host.replace(/^\[|\]$/g, "");
const domainOf = (address: string) => address.slice(address.lastIndexOf("@") + 1);

function noteOf(refusedTo: readonly string[]): { note?: string } {
  if (refusedTo.length === 0) return {};
  return { note: `The mail server refused some of the recipients: ${refusedTo.join(", ")}.` };
}

function refused(host: string): AppError {
  return new AppError(
    "E-SEND",
    `${host} is a private or link-local address. A platform operator can allow the host with AWOOOP_ALLOW_HOSTS.`,
  );
}

/** The same at each try but for the date. */
function compose(body: EmailBody, message: Outgoing, id: string): Promise<Buffer> {
  const { text } = message.content;
  const [first = ""] = text.split("\n", 1);
  const composer = new MailComposer({
    from: body.from,
    to: [...body.to],
    subject: oneLine(`[AwoooP] ${first}`, SUBJECT_MAX),
    text,
    messageId: id,
    date: new Date(message.queuedAt),
    ...(message.threadId === null
      ? {}
      : { inReplyTo: message.threadId, references: [message.threadId] }),
    // Programs that answer mail do not answer this one (RFC 3834 §5).
    headers: { "Auto-Submitted": "auto-generated", "X-AwoooP-Message": message.messageId },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

interface Transmission {
  body: EmailBody;
  address: string;
  login: { user: string; pass: string } | undefined;
  source: Readable;
  signal: AbortSignal;
}

/** @returns the recipients that the server refused, where it took others */
async function transmit({ body, address, login, source, signal }: Transmission): Promise<string[]> {
  const connection = new SMTPConnection({
    host: address,
    port: body.port,
    secure: body.tls === "implicit",
    requireTLS: body.tls === "starttls",
    ignoreTLS: body.tls === "none",
    // The address is what was checked; the certificate is to be the host's.
    ...(address === hostOf(body) ? {} : { servername: body.host, tls: { servername: body.host } }),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
  });
  const broken = Promise.withResolvers<never>();
  // It is raced with: what is raised after that has nobody to hear it.
  broken.promise.catch(() => {});
  connection.on("error", broken.reject);
  connection.on("end", () => broken.reject(new Error("the mail server ended the connection")));
  const stop = () => connection.close();
  signal.addEventListener("abort", stop, { once: true });
  const step = <T>(start: (done: (error: Error | null | undefined, value?: T) => void) => void) =>
    Promise.race([
      new Promise<T | undefined>((resolve, reject) =>
        start((error, value) => (error ? reject(error) : resolve(value))),
      ),
      broken.promise,
    ]);
  try {
    await step((done) => connection.connect(done));
    if (login) await step((done) => connection.login(login, done));
    const envelope = { from: body.from, to: [...body.to] };
    const info = await step<{ rejected?: string[] | undefined }>((done) =>
      connection.send(envelope, source, done),
    );
    connection.quit();
    return info?.rejected ?? [];
  } finally {
    signal.removeEventListener("abort", stop);
    connection.close();
  }
}
