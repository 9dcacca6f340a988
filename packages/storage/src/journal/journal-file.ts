import type { FileHandle } from 'node:fs/promises';
import { explainFile } from '../file-errors.ts';

/** When what is written is to reach the disk: before it is acknowledged, within a moment, or when the system likes. */
export type Force = 'now' | 'soon' | 'later';

/** Milliseconds for which writes that are to be forced soon are gathered: forcing takes a disk up to some of them. */
const gatherFor = 50;

/** The one file that a journal appends to. */
export class JournalFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  #length: number;
  /** When the file was last forced to the disk, by a clock that is not set. */
  #forcedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Why the file could not be forced, which the next write says. */
  #failure: unknown;
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
   * @throws StorageError
   */
  async append(text: string, force: Force): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isTorn) await this.#cut();
      let written = 0;
      while (written < bytes.length) {
        const result = await this.#handle.write(bytes, written, bytes.length - written, this.#length + written);
        written += result.bytesWritten;
      }
      if (force === 'now' || (force === 'soon' && performance.now() - this.#forcedAt >= gatherFor)) await this.#force();
      else if (force === 'soon') this.#forceSoon();
    } catch (error) {
      this.#isTorn = true;
      await this.#cut().catch(() => undefined);
      throw explainFile(`journal:${this.#path}`, this.#path, error);
    }
    this.#length += bytes.length;
  }

  /** Forces what is still to be forced, and closes. */
  async close(): Promise<void> {
    try {
      if (this.#timer !== undefined) await this.#force();
    } catch (error) {
      throw explainFile(`journal:${this.#path}`, this.#path, error);
    } finally {
      await this.#handle.close();
    }
  }

  async #force(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#handle.datasync();
    this.#forcedAt = performance.now();
  }

  /** Forces before long what is written by then: results that come in quick succession, together. */
  #forceSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#force().catch((error: unknown) => (this.#failure = error));
    }, gatherFor);
  }

  async #cut(): Promise<void> {
    await this.#handle.truncate(this.#length);
    this.#isTorn = false;
  }
}
