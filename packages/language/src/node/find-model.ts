/** Where a model is that somebody names: a file, a folder, or a package that is installed. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FormatError } from '@espalier/nn';
import { aText, check } from '@espalier/tensor/arguments';

/** A place of a model. */
export interface ModelPlace {
  readonly path: string;
  /** A file of tensors, or a folder of Hugging Face. */
  readonly kind: 'file' | 'folder';
}

/**
 * Finds a model: a file; a folder with config.json, or with one GGUF file; a package of that name in `node_modules`, here or above,
 * that is such a folder or has one.
 * @throws {FormatError} for what is not there, and for a folder without a model or with several.
 */
export function findModel(name: string, from: string = process.cwd()): ModelPlace {
  check('findModel', 'the name', name, aText);
  check('findModel', 'from', from, aText);
  const place = resolve(from, name);
  if (existsSync(place)) {
    if (!statSync(place).isDirectory()) return { path: name, kind: 'file' };
    return inFolder(place) ?? fail(name, 'is a folder with neither config.json nor a GGUF file in it');
  }
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const installed = join(folder, 'node_modules', name);
    if (isPackageName(name) && existsSync(installed))
      return inPackage(installed) ?? fail(name, 'is a package with neither config.json nor a GGUF file in it');
    if (folder === dirname(folder)) break;
  }
  return fail(name, 'is no file, no folder, and no package that is installed');
}

const isPackageName = (name: string): boolean => /^(?:@[\w.-]+\/)?[\w-][\w.-]*$/u.test(name);

function fail(name: string, problem: string): never {
  throw new FormatError(name, 0, problem);
}

function inFolder(folder: string): ModelPlace | undefined {
  if (existsSync(join(folder, 'config.json'))) return { path: folder, kind: 'folder' };
  const files = readdirSync(folder).filter((file) => file.endsWith('.gguf'));
  const parts = files.filter((file) => !/-(?!00001)\d{5}-of-\d{5}\.gguf$/u.test(file));
  if (parts.length > 1) fail(folder, `has several GGUF files: ${parts.slice(0, 8).join(', ')}; name one`);
  const [only] = parts;
  return only === undefined ? undefined : { path: join(folder, only), kind: 'file' };
}

/** The package itself, or the first of its folders that is a model. */
function inPackage(folder: string): ModelPlace | undefined {
  const own = inFolder(folder);
  if (own) return own;
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const found = entry.isDirectory() ? inFolder(join(folder, entry.name)) : undefined;
    if (found) return found;
  }
  return undefined;
}
