import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configure } from '@espalier/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planFolder } from '../src/node/index.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-plans-'));
});
afterAll(() => {
  configure({ warn: console.warn });
  rmSync(folder, { recursive: true, force: true });
});

describe('a folder of plans', () => {
  test('gives back what was written, to whoever opens it, by its whole key', () => {
    const place = join(folder, 'deep/er');
    planFolder(place).write('key', 'plan\nof two lines');
    const store = planFolder(place);
    expect(store.read('key')).toBe('plan\nof two lines');
    expect(store.read('key ')).toBeUndefined();
    expect(readdirSync(place)).toHaveLength(1);
    store.write('key', 'another');
    expect(store.read('key')).toBe('another');
  });

  test('reads nothing that was changed, or moved to another key', () => {
    const place = join(folder, 'changed');
    const store = planFolder(place);
    for (const key of ['a', 'b']) store.write(key, `the plan of ${key}`);
    const [first, second] = readdirSync(place).map((file) => join(place, file)) as [string, string];
    const found = new Set(['a', 'b'].map((key) => store.read(key)));
    expect(found).toEqual(new Set(['the plan of a', 'the plan of b']));
    writeFileSync(first, readFileSync(second));
    expect(['a', 'b'].filter((key) => store.read(key) !== undefined)).toHaveLength(1);
    writeFileSync(second, `${readFileSync(second, 'utf8')} `);
    expect(['a', 'b'].filter((key) => store.read(key) !== undefined)).toEqual([]);
  });

  test('that cannot be is refused, and one that is gone is told of once', () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    expect(() => planFolder(file)).toThrow(/planFolder: cannot make the folder '.*file'/u);
    const store = planFolder(join(folder, 'gone'));
    rmSync(join(folder, 'gone'), { recursive: true });
    const said: string[] = [];
    configure({ warn: (notice) => said.push(notice) });
    for (let turn = 0; turn < 2; turn++) store.write('key', 'plan');
    expect(said).toEqual([expect.stringMatching(/^plans: cannot write into '.*gone' \(ENOENT\)/u)]);
    expect(store.read('key')).toBeUndefined();
  });
});
