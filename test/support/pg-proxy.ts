import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Where a transaction is interrupted: `statement` counts from 1, which is BEGIN. */
export interface Cut {
  statement: number;
  /** Before PostgreSQL gets the statement, or after it has answered it and before the client hears of that. */
  when: "before" | "after";
  /** What happens there, in place of the loss of the connection. */
  act?: () => void;
}

/** A transaction as it went through the proxy. */
export interface Watched {
  /** The statements the client has sent, the interrupted one included. */
  statements: string[];
  wasCut: boolean;
}

export interface PgProxy {
  /** The database's address by way of the proxy. */
  url: string;
  /** Watches the next transaction whose first statement matches, and interrupts it where `cut` says. */
  watchNext(opening: RegExp, cut?: Cut): Watched;
  /** Watches all such transactions from now on as if they were one, and interrupts one of them where `cut` says. */
  watchAll(opening: RegExp, cut?: Cut): Watched;
  /** Cuts all connections and takes none: the database is away until it is let back. */
  close(): Promise<void>;
  /** Takes connections again, at the same address. */
  reopen(): Promise<void>;
}

/** Parts a stream into messages of the protocol (version 3.0); the first of a client has no type. */
class Messages {
  #rest = Buffer.alloc(0);
  #isFirst: boolean;

  constructor(startsUntyped: boolean) {
    this.#isFirst = startsUntyped;
  }

  *add(chunk: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const head = this.#isFirst ? 0 : 1;
      if (this.#rest.length < head + 4) return;
      const length = head + this.#rest.readUInt32BE(head);
      if (this.#rest.length < length) return;
      const message = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      this.#isFirst = false;
      yield message;
    }
  }
}

const typeOf = (message: Buffer) => String.fromCharCode(message[0] ?? 0);
const textsOf = (message: Buffer) => message.toString("utf8", 5).split("\0");

/** What the client asks for, one after the other: simple queries, and prepared ones up to their Sync. */
class Statements {
  readonly #prepared = new Map<string, string>();
  #text = "";

  /** @returns the statement's text when the message completes one */
  add(message: Buffer): string | undefined {
    const [first = "", second = ""] = textsOf(message);
    switch (typeOf(message)) {
      case "Q":
        return first;
      case "P":
        this.#prepared.set(first, second);
        this.#text = second;
        return undefined;
      case "B":
        // A portal's name, then the statement's.
        this.#text = this.#prepared.get(second) ?? "";
        return undefined;
      case "S":
        return this.#text;
      default:
        return undefined;
    }
  }
}

interface Watching {
  opening: RegExp;
  watched: Watched;
  cut: Cut | undefined;
  /** Not only the next transaction. */
  isEach: boolean;
}

/** Shared by all connections: the watch that the next transaction takes. */
interface Next {
  watching: Watching | undefined;
}

/** One connection of the client. */
class Relay {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #next: Next;
  readonly #fromServer = new Messages(false);
  readonly #statements = new Statements();
  /** Messages of a statement that is not complete yet. */
  #held: Buffer[] = [];
  #isOurs = false;
  #asked = 0;
  /** ReadyForQuery comes once after the start, then once for each statement. */
  #answered = -1;
  #watching: Watching | undefined;
  /** The statement after whose answer the connection is interrupted. */
  #lastAnswer: number | undefined;
  #isOver = false;

  constructor(client: Socket, server: Socket, next: Next) {
    this.#client = client;
    this.#server = server;
    this.#next = next;
    const fromClient = new Messages(true);
    client.on("data", (chunk: Buffer) => {
      for (const message of fromClient.add(chunk)) this.#ask(message);
    });
    server.on("data", (chunk: Buffer) => {
      for (const message of this.#fromServer.add(chunk)) this.#answer(message);
    });
    for (const socket of [client, server]) {
      // Messages are passed on one by one, and none of them may wait for the next.
      socket.setNoDelay(true);
      socket.on("error", () => this.destroy());
      socket.on("close", () => this.destroy());
    }
  }

  destroy(): void {
    this.#isOver = true;
    this.#client.destroy();
    this.#server.destroy();
  }

  #ask(message: Buffer): void {
    if (this.#isOver || this.#lastAnswer !== undefined) return;
    if (this.#asked === 0 && /\0application_name\0awooop\0/.test(message.toString("latin1")))
      this.#isOurs = true;
    this.#held.push(message);
    const isPart = "PBDEC".includes(typeOf(message)) && this.#answered >= 0;
    const text = this.#answered >= 0 ? this.#statements.add(message) : undefined;
    if (isPart) return;
    if (text !== undefined && this.#isCutBefore(text)) return;
    this.#server.write(Buffer.concat(this.#held.splice(0)));
  }

  /** Notes a statement and interrupts the connection if this is where; notes too whether its answer is where. */
  #isCutBefore(text: string): boolean {
    this.#asked += 1;
    if (this.#isOurs && this.#next.watching?.opening.test(text)) {
      this.#watching = this.#next.watching;
      if (!this.#watching.isEach) this.#next.watching = undefined;
    }
    if (!this.#watching) return false;
    const { watched, cut } = this.#watching;
    watched.statements.push(text);
    const isHere = cut?.statement === watched.statements.length;
    if (/^(commit|rollback)$/.test(text) && !isHere) this.#watching = undefined;
    if (!isHere) return false;
    if (cut.when === "before") this.#interrupt(watched, cut);
    else this.#lastAnswer = this.#asked;
    return cut.when === "before";
  }

  #answer(message: Buffer): void {
    if (this.#isOver) return;
    const isReady = typeOf(message) === "Z";
    const isWithheld = this.#lastAnswer !== undefined && this.#answered + 1 === this.#lastAnswer;
    if (isReady) this.#answered += 1;
    if (!isWithheld) this.#client.write(message);
    else if (isReady && this.#watching?.cut)
      this.#interrupt(this.#watching.watched, this.#watching.cut);
  }

  #interrupt(watched: Watched, cut: Cut): void {
    watched.wasCut = true;
    this.#isOver = true;
    if (cut.act) cut.act();
    else this.destroy();
  }
}

/** How PostgreSQL is reached: a Unix socket where the address names a folder as its host. */
function openServer(databaseUrl: string): Socket {
  const url = new URL(databaseUrl);
  const port = Number(url.port || 5432);
  const host = url.searchParams.get("host") ?? url.hostname;
  return host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
}

/**
 * A TCP proxy in front of PostgreSQL that knows enough of the protocol to count the statements of a transaction, and can
 * cut its connection at each of them.
 */
export async function startPgProxy(databaseUrl: string): Promise<PgProxy> {
  const relays = new Set<Relay>();
  const next: Next = { watching: undefined };
  const listener = createServer((client) => {
    const relay = new Relay(client, openServer(databaseUrl), next);
    relays.add(relay);
    client.on("close", () => relays.delete(relay));
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String((listener.address() as AddressInfo).port);
  url.searchParams.delete("host");
  const watch = (opening: RegExp, cut: Cut | undefined, isEach: boolean) => {
    const watched: Watched = { statements: [], wasCut: false };
    next.watching = { opening, watched, cut, isEach };
    return watched;
  };
  return {
    url: url.href,
    watchNext(opening, cut) {
      return watch(opening, cut, false);
    },
    watchAll(opening, cut) {
      return watch(opening, cut, true);
    },
    close() {
      for (const relay of relays) relay.destroy();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
    reopen: () => listen(Number(url.port)),
  };
}
