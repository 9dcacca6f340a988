import * as fs from 'node:fs';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageError } from '@espalier/search';
import { journalStorage } from '@espalier/storage';
import { afterEach, expect, it, vi } from 'vitest';
import { JournalFile } from '../../src/journal/journal-file.ts';
import { startScript } from '../helpers/processes.ts';
import { runSample, sampleStudy } from '../helpers/sample-study.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

vi.mock('node:fs', async (load) => ({ ...(await load<typeof fs>()) }));

const folder = temporaryFolder();
const file = (name: string): string => join(folder(), name);
const full = (): never => {
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
};

afterEach(() => {
  vi.restoreAllMocks();
});

it('a full disk leaves no lock behind', async () => {
  const path = file('full.jsonl');
  const write = vi.spyOn(fs, 'writeFileSync').mockImplementation(full);
  await expect(journalStorage(path)).rejects.toThrow(
    `storage journal:${path}: ${path}.lock cannot be written (ENOSPC: no space left on device, write): ` +
      'free space and resume; what it held is safe',
  );
  expect(existsSync(`${path}.lock`)).toBe(false);
  write.mockRestore();
  await (await journalStorage(path)).close();
});

it('a write that fails, and cannot be taken back at once, damages nothing', async () => {
  const path = file('torn.jsonl');
  writeFileSync(path, 'whole\n');
  const handle = await open(path, 'r+');
  const journal = new JournalFile(handle, path, 6);
  const sync = vi.spyOn(handle, 'datasync').mockImplementationOnce(async () => full());
  const cut = vi.spyOn(handle, 'truncate').mockImplementationOnce(async () => full());
  const error: unknown = await journal.append('a line that never was\n', true).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StorageError);
  expect(String(error)).toContain(
    `journal:${path}: it cannot be written (ENOSPC: no space left on device, write): free space`,
  );
  expect(sync).toHaveBeenCalledOnce();
  expect(cut).toHaveBeenCalledOnce();
  await journal.append('short\n', true);
  await journal.close();
  expect(readFileSync(path, 'utf8')).toBe('whole\nshort\n');
});

it('a folder where the file should be is one clear error', async () => {
  mkdirSync(file('folder'));
  await expect(journalStorage(file('folder'))).rejects.toThrow('this is a folder: name a file in it');
  expect(existsSync(file('folder.lock'))).toBe(false);
  writeFileSync(file('plain'), '');
  await expect(journalStorage(file('plain/journal'))).rejects.toThrow('a file lies where a folder should be');
});

it.skipIf(process.platform === 'win32')('a folder that may not be written says how to look on', async () => {
  mkdirSync(file('closed'));
  const path = file('closed/study.jsonl');
  const study = await sampleStudy(await journalStorage(path));
  await runSample(study, 2);
  await study.storage.close();
  chmodSync(file('closed'), 0o555);
  chmodSync(folder(), 0o755);
  const lookOn = async (url: string): Promise<readonly string[]> => {
    const script = startScript('look-on-process.ts', [url]);
    await script.ended;
    return script.lines;
  };
  const [refused] = await lookOn(`journal:${path}`);
  expect(refused).toContain(`${path}.lock cannot be written (EACCES`);
  expect(refused).toContain('make file and folder writable, or look on by adding ?mode=ro to the URL');
  expect((await lookOn(`journal:${path}?mode=ro`))[0]).toBe('2 trials');
});
