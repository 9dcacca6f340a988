/**
 * Appends to a journal's file: a write that fails is cut off again before the next, so that the end is the only place
 * where a line can be torn.
 */
import type { FileHandle } from 'node:fs/promises';
import { explainFile } from '../file-errors.ts';

/** The one file that a journal appends to. */
export class JournalFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  #length: number;
  /** Whether what follows the length is of a write that failed. */
  #isTorn = false;

  /** @param length how much of the file is whole lines */
  constructor(handle: FileHandle, path: string, length: number) {
    this.#handle = handle;
    this.#path = path;
    this.#length = length;
  }

  /**
   * Appends a text whole: when that fails, as on a full disk, what was written of it is cut off again, at the latest
   * before the next.
   * @throws {StorageError} when it cannot be written.
   */
  async append(text: string, sync: boolean): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      if (this.#isTorn) await this.#cut();
      let written = 0;
      while (written < bytes.length) {
        const result = await this.#handle.write(bytes, written, bytes.length - written, this.#length + written);
        written += result.bytesWritten;
      }
      if (sync) await this.#handle.datasync();
    } catch (error) {
      this.#isTorn = true;
      await this.#cut().catch(() => undefined);
      throw explainFile(`journal:${this.#path}`, this.#path, error);
    }
    this.#length += bytes.length;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #cut(): Promise<void> {
    await this.#handle.truncate(this.#length);
    this.#isTorn = false;
  }
}
