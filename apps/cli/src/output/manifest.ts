/** What this program wrote into a folder, by name: nothing else is ever replaced or removed. */
import { readdirSync, readFileSync, rmdirSync, unlinkSync } from 'node:fs';
import { join, posix } from 'node:path';
import { checkJsonMemory } from '@espalier/nn/format';
import { writeFileAtomic } from '@espalier/nn/node';
import { z } from 'zod';

/** The file in an output folder that says what this program wrote there. */
export const manifestFile = '.espalier.json';

/** The largest manifest that is read. */
const largest = 1 << 20;

/** Whether a value is a path inside the folder, as a manifest may name one. */
function isInside(path: unknown): path is string {
  if (typeof path !== 'string' || path === '' || path === '.') return false;
  const plain = posix.normalize(path) === path && !posix.isAbsolute(path);
  return plain && !path.startsWith('..') && !/[\\\0:]/u.test(path);
}

/** What this program wrote into a folder. */
export interface Manifest {
  /** By which command. */
  readonly command: string;
  /** Whether that was brought to its end. */
  readonly complete: boolean;
  /** Paths in the folder, with slashes. */
  readonly files: readonly string[];
}

const schema: z.ZodType<Manifest> = z.object({
  format: z.literal('espalier-output'),
  version: z.literal(1),
  command: z.string(),
  complete: z.boolean(),
  // One complaint of all of them, however many are wrong.
  files: z.custom<readonly string[]>((files) => Array.isArray(files) && files.every(isInside)),
});

/** The manifest of a folder; undefined when it has none that can be read. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    const text = readFileSync(join(folder, manifestFile), 'utf8');
    if (text.length > largest) return undefined;
    checkJsonMemory(text, manifestFile);
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

/** Says in a folder what this program writes there. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const whole = { format: 'espalier-output', version: 1, ...manifest };
  await writeFileAtomic(join(folder, manifestFile), `${JSON.stringify(whole, null, 2)}\n`);
}

/** Everything in a folder that is no folder, by its path there with slashes; links are not followed. Empty folders end in a slash. */
export function contentsOf(folder: string, prefix = ''): readonly string[] {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true });
  if (entries.length === 0 && prefix !== '') return [`${prefix}/`];
  return entries.flatMap((entry) => {
    const path = posix.join(prefix, entry.name);
    return entry.isDirectory() ? contentsOf(folder, path) : [path];
  });
}

/** What a folder holds beside what its manifest names. */
export function foreignIn(folder: string, { files }: Manifest, besides: readonly string[] = []): readonly string[] {
  const own = new Set([...files, manifestFile]);
  return contentsOf(folder).filter(
    (path) => !own.has(path) && !besides.some((name) => path === name || path.startsWith(`${name}/`)),
  );
}

/** Removes the files that a manifest names, and the folders that are empty without them; nothing else, whatever is there. */
export function removeOwn(folder: string, { files }: Manifest): void {
  const paths = [...files, manifestFile];
  for (const path of paths) unlinkIfThere(join(folder, path));
  const folders = new Set(
    paths.flatMap((path) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, index, parts) => parts.slice(0, index + 1).join('/')),
    ),
  );
  for (const path of [...folders].toSorted((a, b) => b.length - a.length)) removeEmpty(join(folder, path));
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Removes a folder if nothing is in it. */
export function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}
