/**
 * Whether code may be run that a storage names: only if the user says so, since whoever can write the storage can name
 * any.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { Option } from 'commander';
import { UsageError } from '../errors.ts';

/** What the user trusts of the code that a storage names: nothing, all of it, or a file with a digest. */
export type Trust = boolean | string | undefined;

const digest = /^sha256:[0-9a-f]{64}$/u;

/** `--trust`, which alone trusts whatever the storage names, and with a digest only a file that has it. */
export function trustOption(): Option {
  const option = new Option(
    '--trust [digest]',
    'run the module that the storage names: any, or only one of this digest',
  );
  return option.argParser((text: string) => {
    if (digest.test(text)) return text;
    throw new UsageError(
      `--trust: '${text}' is no digest: write sha256: and 64 hexadecimal digits, or --trust at the end of the line`,
    );
  });
}

/** The arguments that hand such trust on. */
export function trustFlags(trust: Trust): readonly string[] {
  if (trust === undefined || trust === false) return [];
  return [trust === true ? '--trust' : `--trust=${trust}`];
}

/**
 * The digest of a file that is code, as `--trust` takes it.
 * @throws {UsageError} when it is no file.
 */
export async function digestOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw new UsageError(`${path}: there is no such file: check the path`);
  return `sha256:${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`;
}

/**
 * Makes sure that a file is the one that the user has looked at.
 * @throws {UsageError} when it is not.
 */
export async function checkDigest(path: string, trust: Trust): Promise<void> {
  if (typeof trust !== 'string') return;
  const found = await digestOf(path);
  if (found === trust) return;
  throw new UsageError(
    `${path}: it is not the file that --trust names but ${found}: look at it, then give that digest`,
  );
}

/**
 * Makes sure that a module which a storage names may be run: anybody who writes the storage can name one.
 * @param byHand how to name it oneself, for the error
 * @throws {UsageError} with its digest, when the user has not said so.
 */
export async function checkTrust(path: string, trust: Trust, byHand: string): Promise<void> {
  if (trust === true) return;
  if (typeof trust === 'string') return checkDigest(path, trust);
  throw new UsageError(
    `the storage names the module ${path}, and anybody who writes the storage can: look at it, then name it (${byHand}) or give --trust=${await digestOf(path)}`,
  );
}
