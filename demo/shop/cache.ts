import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isErrno, listFiles } from "./folder.ts";

export type Usage = { usedBytes: number; files: number };

/** The write would go beyond what the quota leaves; `code` is the one a full disk gives. */
export class QuotaExceeded extends Error {
  readonly code = "ENOSPC";
}

/**
 * Pages on disk, under a quota. As a file system keeps some blocks for root, 4 % of the quota are
 * held back, so pages stop being stored at 96 %. Usage is read from the disk for each write: other
 * programs (the tool server) delete files here.
 */
export class PageCache {
  readonly folder: string;
  readonly quotaBytes: number;
  readonly #writableBytes: number;
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(folder: string, quotaBytes: number) {
    this.folder = folder;
    this.quotaBytes = quotaBytes;
    this.#writableBytes = Math.floor(quotaBytes * 0.96);
  }

  /** Bytes and files stored now. */
  async usage(): Promise<Usage> {
    const files = await listFiles(this.folder);
    return { usedBytes: files.reduce((sum, file) => sum + file.bytes, 0), files: files.length };
  }

  /** Stores one page; throws `QuotaExceeded` when it does not fit. Writes happen one at a time. */
  put(name: string, content: string): Promise<void> {
    const write = this.#lastWrite.then(() => this.#write(name, content));
    this.#lastWrite = write.catch(() => undefined);
    return write;
  }

  /** The stored page, or `undefined` when there is none. */
  async get(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.folder, name), "utf8");
    } catch (error) {
      if (isErrno(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** Whether a page of that size would be stored now. */
  async accepts(bytes: number): Promise<boolean> {
    const { usedBytes } = await this.usage();
    return usedBytes + bytes <= this.#writableBytes;
  }

  async #write(name: string, content: string): Promise<void> {
    const bytes = Buffer.byteLength(content);
    if (!(await this.accepts(bytes))) {
      const { usedBytes } = await this.usage();
      throw new QuotaExceeded(
        `ENOSPC: quota exceeded, write '${name}' (${bytes} bytes, ${usedBytes} of ${this.quotaBytes} in use)`,
      );
    }
    const path = join(this.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}
