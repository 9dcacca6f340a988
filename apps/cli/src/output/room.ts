/** Whether there is room for what is going to be written, found out before any work is done. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const chunk = 1 << 20;

/**
 * Makes sure that a folder takes so many bytes, by writing them: neither what a disk says of itself nor permissions tell
 * of quotas, of other machines' disks, or of what the next minutes bring.
 * @throws {Error} the system's, with the folder as its path, when there is no room.
 */
export async function checkRoom(folder: string, bytes: number): Promise<void> {
  const path = join(folder, `.room.${process.pid}`);
  try {
    const file = await open(path, 'wx');
    try {
      const zeros = Buffer.alloc(Math.min(chunk, bytes));
      for (let left = bytes; left > 0; left -= zeros.length) await file.writeFile(zeros.subarray(0, left));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { path: folder }) : error;
  } finally {
    await rm(path, { force: true });
  }
}
