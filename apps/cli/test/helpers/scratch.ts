import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

/** A folder for the tests of a file, or for each of them; gives the path of something in it. */
export function scratch(lasts: 'file' | 'test'): (...parts: readonly string[]) => string {
  let folder = '';
  const [before, after] = lasts === 'file' ? [beforeAll, afterAll] : [beforeEach, afterEach];
  before(() => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), 'espalier-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  return (...parts) => join(folder, ...parts);
}
