/**
 * Plans in files of a folder. A file is named by what its plan is of, by the engine as it is now and by Node's release, so that a
 * plan of another build is not found; one that was changed since is not read.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ArgumentError, warnOnce, type PlanStore } from '@espalier/tensor';
import { aText, check } from '@espalier/tensor/arguments';

/** More text than any plan has. */
const mostBytes = 2 ** 28;

const digest = (...texts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex');
};

/** What tells one build of the engine from another: all of its code. */
function fingerprint(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('@espalier/tensor'));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/u.test(file))
    .toSorted();
  return digest(process.version, ...files.flatMap((file) => [file, readFileSync(join(folder, file))]));
}

let written = 0;

/**
 * Keeps plans in a folder, which is made if it is not there, for `configure({ plans })`. Files are whole or not there, and several
 * processes may have the same folder; nothing is ever removed from it, and the whole may be, at any time. A file that cannot be written
 * is told once, and computing goes on.
 * @throws {ArgumentError} for a folder that cannot be.
 *
 * @example
 * configure({ plans: planFolder('.cache/plans') });
 */
export function planFolder(folder: string): PlanStore {
  check('planFolder', 'the folder', folder, aText);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new ArgumentError('planFolder', `cannot make the folder '${folder}' (${String(error)}); name another one`);
  }
  const build = fingerprint();
  const fileOf = (key: string): string => join(folder, `${digest(build, key)}.plan`);
  const store: PlanStore = {
    read: (key) => {
      const file = fileOf(key);
      try {
        if (statSync(file).size > mostBytes) return undefined;
        const [seal = '', ...lines] = readFileSync(file, 'utf8').split('\n');
        const plan = lines.join('\n');
        return seal === digest(key, plan) ? plan : undefined;
      } catch {
        return undefined;
      }
    },
    write: (key, plan) => {
      const file = fileOf(key);
      const beside = `${file}.${process.pid}-${++written}.part`;
      try {
        writeFileSync(beside, `${digest(key, plan)}\n${plan}`);
        renameSync(beside, file);
      } catch (error) {
        rmSync(beside, { force: true });
        const why = String(Reflect.get(Object(error), 'code'));
        warnOnce(store, `plans: cannot write into '${folder}' (${why}), and they are made anew each time`);
      }
    },
  };
  return store;
}
