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
  /**
   * Watches the next transaction that opens so, and interrupts it where `cut` says. `opening` is held against its first
   * statement and, behind a semicolon, the values of the second: the role and the projects that it is given.
   */
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

const FLUSH = Buffer.from([0x48, 0, 0, 0, 4]);

/** A statement of the client, and all that it takes to ask for it. */
interface Statement {
  text: string;
  values: string;
  messages: Buffer[];
}

/** What the client asks for in one piece: a simple query, or prepared ones up to their Sync. */
class Statements {
  readonly #prepared = new Map<string, string>();
  #messages: Buffer[] = [];
  #text = "";
  #values = "";
  #complete: Statement[] = [];

  /** @returns the statements of a piece when the message is its end */
  add(message: Buffer): Statement[] | undefined {
    this.#messages.push(message);
    const [first = "", second = ""] = textsOf(message);
    switch (typeOf(message)) {
      case "Q":
        this.#text = first;
        this.#values = "";
        this.#take();
        return this.#complete.splice(0);
      case "P":
        this.#prepared.set(first, second);
        this.#text = second;
        return undefined;
      case "B":
        // A portal's name, then the statement's; the values are only looked at, not taken apart.
        this.#text = this.#prepared.get(second) ?? "";
        this.#values = message.toString("utf8", 5 + first.length + second.length + 2);
        return undefined;
      case "E":
        this.#take();
        return undefined;
      case "S":
        return this.#complete.splice(0);
      default:
        return undefined;
    }
  }

  /** What belongs to no statement: the end of the piece, and messages of other kinds. */
  rest(): Buffer[] {
    return this.#messages.splice(0);
  }

  #take(): void {
    const messages = this.#messages.splice(0);
    this.#complete.push({ text: this.#text, values: this.#values, messages });
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
  #isOurs = false;
  /** Whether the server has greeted the client. */
  #isOpen = false;
  #asked = 0;
  #answered = 0;
  /** What the server has yet to answer: prepared statements, simple queries, and the ends of pieces. */
  #due: ("prepared" | "simple" | "sync")[] = [];
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
    if (!this.#isOpen) {
      if (/\0application_name\0awooop\0/.test(message.toString("latin1"))) this.#isOurs = true;
      this.#server.write(message);
      return;
    }
    const piece = this.#statements.add(message);
    const isPart = "PBDEC".includes(typeOf(message));
    if (piece) this.#pass(piece, typeOf(message) === "Q");
    else if (!isPart) this.#server.write(Buffer.concat(this.#statements.rest()));
  }

  /** Passes a piece on, as far as its statements are not the place where the connection is interrupted. */
  #pass(piece: Statement[], isSimple: boolean): void {
    const passed: Buffer[] = [];
    for (const [at, { text, messages }] of piece.entries()) {
      const place = this.#note(text, piece[at + 1]);
      if (place?.when === "before") {
        this.#server.write(Buffer.concat(passed));
        this.#interruptNow();
        return;
      }
      passed.push(...messages);
      this.#due.push(isSimple ? "simple" : "prepared");
      if (place) {
        this.#lastAnswer = this.#asked;
        // The server answers when it is told to, and the rest of the piece never comes.
        this.#server.write(Buffer.concat(isSimple ? passed : [...passed, FLUSH]));
        return;
      }
    }
    if (!isSimple) this.#due.push("sync");
    this.#server.write(Buffer.concat([...passed, ...this.#statements.rest()]));
  }

  /** Notes a statement; answers how to interrupt the connection if this is where. */
  #note(text: string, next: Statement | undefined): Cut | undefined {
    this.#asked += 1;
    if (this.#isOurs && this.#next.watching?.opening.test(`${text}; ${next?.values ?? ""}`)) {
      this.#watching = this.#next.watching;
      if (!this.#watching.isEach) this.#next.watching = undefined;
    }
    if (!this.#watching) return undefined;
    const { watched, cut } = this.#watching;
    watched.statements.push(text);
    if (cut?.statement === watched.statements.length) return cut;
    if (/^(commit|rollback)$/.test(text)) this.#watching = undefined;
    return undefined;
  }

  #answer(message: Buffer): void {
    if (this.#isOver) return;
    const type = typeOf(message);
    const isWithheld = this.#lastAnswer !== undefined && this.#answered + 1 === this.#lastAnswer;
    const isEnd = this.#isEndOfAnswer(type);
    if (!isWithheld) this.#client.write(message);
    else if (isEnd) this.#interruptNow();
  }

  /** Whether the message ends the answer to a statement; counts those that are over. */
  #isEndOfAnswer(type: string): boolean {
    if (type === "Z") {
      this.#isOpen = true;
      // Behind one that failed, the rest of its piece is passed over.
      const end = this.#due.findIndex((due) => due !== "prepared");
      const over = this.#due.splice(0, end + 1);
      this.#answered += over.filter((due) => due !== "sync").length;
      return over.length > 0;
    }
    const [first] = this.#due;
    // CommandComplete, EmptyQueryResponse, PortalSuspended.
    if (first !== "prepared" || !"CIs".includes(type)) return type === "E" && first === "prepared";
    this.#due.shift();
    this.#answered += 1;
    return true;
  }

  #interruptNow(): void {
    if (this.#watching?.cut) this.#interrupt(this.#watching.watched, this.#watching.cut);
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
