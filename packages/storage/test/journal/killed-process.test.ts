import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { StorageLockedError, memoryStorage } from '@espalier/search';
import { journalStorage } from '@espalier/storage';
import { expect, it } from 'vitest';
import { essence, runSample, sampleStudy } from '../helpers/sample-study.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const script = fileURLToPath(new URL('../helpers/search-process.ts', import.meta.url));
const node = [process.execPath, '--conditions=@espalier/source', '--import', 'tsx', script] as const;
const trials = 12;

type Child = ChildProcessByStdio<null, Readable, null>;

function start(command: string, args: readonly string[]): Child {
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

const search = (file: string): Child => start(node[0], [...node.slice(1), `journal:${file}`, String(trials)]);

/** Waits until a process has finished some trials. */
async function tells(child: Child, count: number): Promise<void> {
  let seen = 0;
  for await (const line of createInterface(child.stdout)) {
    expect(line).toBe('tell');
    seen += 1;
    if (seen === count) return;
  }
  throw new Error(`the process ended after ${seen} trials`);
}

async function kill(child: Child): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function uninterrupted(): Promise<readonly unknown[]> {
  const study = await sampleStudy(memoryStorage());
  await runSample(study, trials);
  return essence(study.trials);
}

it('a process killed again and again resumes, and the study ends as the uninterrupted one does', async () => {
  const file = join(folder(), 'killed.jsonl');
  for (const count of [1, 3, 2]) {
    const child = search(file);
    await tells(child, count);
    await kill(child);
  }
  const study = await sampleStudy(`journal:${file}`);
  expect(study.trials.filter(({ state }) => state === 'complete').length).toBeGreaterThanOrEqual(6);
  expect(study.trials.filter(({ state }) => state === 'running')).toEqual([]);
  await runSample(study, trials);
  expect(essence(study.trials)).toEqual(await uninterrupted());
  await study.close();
});

it('a journal that another process writes is locked until that process is gone', async () => {
  const file = join(folder(), 'shared.jsonl');
  const child = search(file);
  await tells(child, 1);
  const error: unknown = await journalStorage(file).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StorageLockedError);
  expect(String(error)).toContain(`it is being written by process ${child.pid}`);
  await kill(child);
  await (await journalStorage(file)).close();
});

it.skipIf(process.platform === 'win32')('a full disk is one clear error, and nothing told before is lost', async () => {
  const file = join(folder(), 'full.jsonl');
  // A limit on the size of files stands in for a disk with 4 KiB left.
  const child = start('bash', ['-c', 'ulimit -f 4 && exec "$@"', 'bash', ...node, `journal:${file}`, String(trials)]);
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) lines.push(line);
  const told = lines.filter((line) => line === 'tell').length;
  expect(told).toBeGreaterThan(2);
  expect(lines.slice(told)).toEqual([
    `StorageError: storage journal:${file}: it cannot be written (EFBIG: file too large, write): ` +
      'free space and resume; what it held is safe',
  ]);
  const study = await sampleStudy(`journal:${file}`);
  expect(study.trials.filter(({ state }) => state === 'complete')).toHaveLength(told);
  await runSample(study, trials);
  expect(essence(study.trials)).toEqual(await uninterrupted());
  await study.close();
});
