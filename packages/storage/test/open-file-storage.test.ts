import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStorage, openStudy } from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { essence, runSample, sampleStudy } from './helpers/sample-study.ts';
import { temporaryFolder } from './helpers/temporary-folder.ts';

const folder = temporaryFolder();

it.each([
  [
    'redis:x',
    "its kind 'redis:' is unknown: use one of memory:, indexeddb:name, journal:path, sqlite:path, postgres://",
  ],
  ['journal:', 'it names no file: write journal:path'],
  ['sqlite:?mode=ro', 'it names no file: write sqlite:path'],
  ['sqlite:a.db?mode=rw', "its mode 'rw' is unknown: write ?mode=ro to only read, or nothing"],
])('%s is refused', async (url, message) => {
  await expect(openStorage(url)).rejects.toThrow(message);
});

it.skipIf(process.platform !== 'linux').each(['journal', 'sqlite'])(
  '%s: ends where the system takes no folders',
  async (scheme) => {
    await expect(openStorage(`${scheme}:/proc/a/b/c`)).rejects.toThrow(/\/proc\/a/u);
  },
);

it.each(['journal', 'sqlite'])('%s: makes the folders that are missing', async (scheme) => {
  const storage = await openStorage(`${scheme}:${join(folder(), scheme, 'a', 'b', 'file')}`);
  await storage.close();
  expect(existsSync(join(folder(), scheme, 'a', 'b', 'file'))).toBe(true);
});

describe.each(['journal', 'sqlite'])('%s:path?mode=ro', (scheme) => {
  it('looks on beside who writes, sees what is written, and refuses to write', async () => {
    const url = `${scheme}:${join(folder(), `beside.${scheme}`)}`;
    const writer = await sampleStudy(url);
    await runSample(writer, 1);
    const reader = await openStudy({ storage: `${url}?mode=ro` });
    expect(reader.storage.url).toBe(`${url}?mode=ro`);
    expect(essence(reader.trials)).toEqual(essence(writer.trials));
    await runSample(writer, 3);
    await reader.sync();
    expect(essence(reader.trials)).toEqual(essence(writer.trials));
    await expect(reader.ask()).rejects.toThrow('it was opened to read only: open it without ?mode=ro to write');
    await reader.close();
    await writer.close();
  });

  it('changes nothing in the folder', async () => {
    const path = join(folder(), scheme, 'alone');
    const writer = await sampleStudy(`${scheme}:${path}`);
    await runSample(writer, 1);
    await writer.close();
    const before = readFileSync(path);
    const storage = await openStorage(`${scheme}:${path}?mode=ro`);
    expect(await storage.listStudies()).toEqual(['s']);
    await storage.close();
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(join(folder(), scheme)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  it('makes no file', async () => {
    const path = join(folder(), `absent.${scheme}`);
    await expect(openStorage(`${scheme}:${path}?mode=ro`)).rejects.toThrow('there is no such file');
    expect(existsSync(path)).toBe(false);
  });
});

it('refuses a path with a NUL in it, which would end the process in the driver', async () => {
  await expect(openStorage('sqlite:a\0b.db')).rejects.toThrow('NUL');
});
