import pg from "pg";

/** A statement on its way to the database. */
interface Statement {
  text: string;
  /** As they are sent. */
  values: readonly unknown[];
  /** Under which the connection keeps it prepared; else it is planned each time. */
  name: string | undefined;
}

/** What the driver's connection does for its own queries. Its types leave it out; the tests of transactions need all of it. */
interface Wire {
  stream: { cork(): void; uncork(): void };
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
  parse(statement: { text: string; name?: string | undefined }): void;
  bind(values: { statement: string | undefined; values: readonly unknown[] }): void;
  describe(portal: { type: "P"; name: string }): void;
  execute(portal: { portal: string }): void;
  sync(): void;
}

/** What the database answered to a statement. */
type Answer = pg.QueryResult<Record<string, unknown>>;

interface Collecting extends Answer {
  addFields(fields: unknown): void;
  parseRow(fields: unknown): Record<string, unknown>;
  addRow(row: Record<string, unknown>): void;
  addCommandComplete(message: unknown): void;
}

const { Result, utils } = pg as unknown as {
  Result: new (rowMode: undefined, types: pg.CustomTypesConfig) => Collecting;
  utils: { prepareValue(value: unknown): unknown };
};

interface Waiting extends Statement {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * The statements of one transaction after another on a connection. Those that are made in one turn of the event loop
 * travel together.
 */
export class Pipeline {
  readonly #client: pg.PoolClient;
  readonly #types: pg.CustomTypesConfig;
  #waiting: Waiting[] = [];

  constructor(client: pg.PoolClient, types: pg.CustomTypesConfig) {
    this.#client = client;
    this.#types = types;
  }

  /** @throws what the driver makes of a value that it can't send; nothing else is affected */
  send(text: string, values: readonly unknown[] = [], name?: string): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = values.map((value) => utils.prepareValue(value));
    if (this.#waiting.length === 0) setImmediate(() => this.flush());
    this.#waiting.push({ text, values: sent, name, resolve, reject });
    return promise;
  }

  /** Sends what waits now and not at the end of the turn. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const statements = this.#waiting;
    this.#waiting = [];
    // Those behind the one that failed were not executed; why, is what it says.
    const batch = new Batch(statements, this.#types, (answers, error) => {
      for (const [at, { resolve, reject }] of statements.entries()) {
        const answer = answers[at];
        if (answer) resolve(answer);
        else reject(error);
      }
    });
    this.#client.query(batch);
  }
}

/**
 * Statements that the database gets in one piece and answers in one: a message for each and one `Sync` for all, so that
 * neither side is woken for every statement. Behind one that fails, the database passes over the rest.
 */
class Batch extends pg.Query {
  /** By these the driver notes which statement has just been prepared. */
  declare name: string | undefined;
  declare text: string;
  readonly #statements: readonly Statement[];
  readonly #results: Collecting[];
  readonly #hear: (answers: readonly Answer[], error?: unknown) => void;
  /** The statement that is being answered. */
  #at = 0;
  #unreadable: { at: number; error: unknown } | undefined;

  /** @param hear is told the answers of those that were executed, and why the one behind them was not */
  constructor(
    statements: readonly Statement[],
    types: pg.CustomTypesConfig,
    hear: (answers: readonly Answer[], error?: unknown) => void,
  ) {
    super({ text: "" });
    this.#statements = statements;
    this.#results = statements.map(() => new Result(undefined, types));
    this.#hear = hear;
    this.#turnTo(0);
  }

  // A method would be hidden by the property that the driver's types say it is.
  override submit = (connection: unknown): void => {
    const wire = connection as Wire;
    wire.stream.cork();
    try {
      for (const statement of this.#statements) send(wire, statement);
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
  };

  handleRowDescription({ fields }: { fields: unknown }): void {
    this.#results[this.#at]?.addFields(fields);
  }

  handleDataRow({ fields }: { fields: unknown }): void {
    const result = this.#results[this.#at];
    try {
      result?.addRow(result.parseRow(fields));
    } catch (error) {
      this.#unreadable ??= { at: this.#at, error };
    }
  }

  handleCommandComplete(message: unknown): void {
    this.#results[this.#at]?.addCommandComplete(message);
    this.#turnTo(this.#at + 1);
  }

  handleEmptyQuery(): void {
    this.#turnTo(this.#at + 1);
  }

  handleError(error: unknown, connection: unknown): void {
    const { submittedNamedStatements: submitted } = connection as Wire;
    for (const { name } of this.#statements.slice(this.#at))
      if (name !== undefined) delete submitted[name];
    this.#hear(this.#results.slice(0, this.#at), error);
  }

  handleReadyForQuery(): void {
    const { at, error } = this.#unreadable ?? { at: this.#at };
    this.#hear(this.#results.slice(0, at), error);
  }

  #turnTo(at: number): void {
    this.#at = at;
    this.name = this.#statements[at]?.name;
    this.text = this.#statements[at]?.text ?? "";
  }
}

function send(wire: Wire, { text, values, name }: Statement): void {
  const { parsedStatements: parsed, submittedNamedStatements: submitted } = wire;
  const isPrepared = name !== undefined && (parsed[name] ?? submitted[name]) !== undefined;
  if (!isPrepared) wire.parse({ text, name });
  if (!isPrepared && name !== undefined) submitted[name] = text;
  wire.bind({ statement: name, values });
  wire.describe({ type: "P", name: "" });
  wire.execute({ portal: "" });
}
