/** The version of the program, read from its package.json rather than written twice. */
import { readFileSync } from 'node:fs';

/** This program's version, from its package.json. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String(Reflect.get(Object(manifest), 'version'));
}
