/** Reads what an output folder says of itself, and makes sure that nobody's file is removed for it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FailedError, reportOf } from '../../../apps/cli/src/errors.ts';
import { manifestFile } from '../../../apps/cli/src/output/manifest.ts';
import { withOutputFolder } from '../../../apps/cli/src/output/output-folder.ts';
import { ownIdentity } from '../../../packages/storage/src/process-identity.ts';
import { ofObjects, type Reader } from '../engine/reader.ts';

const name = 'out';
const written: readonly string[] = ['report.json', 'model/config.json'];
/** Beside the folder, and nobody's to remove. */
const foreign: readonly string[] = ['data.txt', 'kept/data.txt'];

const manifest = JSON.stringify({
  format: 'espalier-output',
  version: 1,
  command: 'run',
  complete: true,
  files: written,
});
const lock = JSON.stringify({ ...ownIdentity(), started: 'another boot 4' });

/** Writes an output folder over, and says its errors as the command line would. */
async function overwrite(path: string): Promise<void> {
  try {
    await withOutputFolder(
      { path, command: 'run', sources: [], bytes: 0, overwrite: true },
      async ({ work, complete }) => {
        writeFileSync(join(work, 'report.json'), 'new');
        await complete();
      },
    );
  } catch (error) {
    const { internal, message } = reportOf(error);
    throw internal ? error : new FailedError(message);
  }
}

/** What an output folder says of who wrote what in it, or who is at it. */
export const outputReader: Reader = {
  name: 'output',
  limit: ofObjects,
  seeds: async () => [Buffer.from(manifest), Buffer.from(lock)],
  mutate: 'json',
  words: ['"files"', '"../data.txt"', '"../kept/data.txt"', '"model/../../data.txt"', '"model"', '"complete"'],
  read: async (input, folder) => {
    const files = [...written.map((file) => join(name, file)), ...foreign];
    for (const file of files) {
      mkdirSync(join(folder, file, '..'), { recursive: true });
      writeFileSync(join(folder, file), 'x');
    }
    const isLock = Buffer.from(input).includes('"pid"');
    writeFileSync(join(folder, name, manifestFile), isLock ? manifest : input);
    writeFileSync(join(folder, `.${name}.espalier-lock`), isLock ? input : lock);
    let problem: unknown;
    await overwrite(join(folder, name)).catch((error: unknown) => (problem = error));
    const gone = foreign.find((file) => !existsSync(join(folder, file)));
    if (gone !== undefined) throw new Error(`${gone} is gone`);
    if (problem !== undefined) throw problem;
  },
};
