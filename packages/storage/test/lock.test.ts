import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownIdentity, takeLock } from '@espalier/storage';
import { expect, test } from 'vitest';
import { temporaryFolder } from './helpers/temporary-folder.ts';

const folder = temporaryFolder();
const script = fileURLToPath(new URL('helpers/lock-process.ts', import.meta.url));

/** What a process that is gone leaves. */
const left = JSON.stringify({ ...ownIdentity(), started: 'another boot 4' });

test('a lock is held by one, who is named to others, and is free again when it is given back', () => {
  const path = join(folder(), 'lock');
  const lock = takeLock(path);
  expect(takeLock(path)).toMatchObject({ holder: { pid: process.pid } });
  expect(lock).toHaveProperty('release');
  if ('release' in lock) lock.release();
  expect(takeLock(path)).toHaveProperty('release');
});

test('of processes that all find a lock that was left, one takes it', async () => {
  const path = join(folder(), 'lock');
  writeFileSync(path, left);
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--conditions=@espalier/source', '--import', 'tsx', script, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  // Each says that it is there, is told to go, says what it got, and keeps that until its input ends.
  await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
  const answers = children.map(({ stdout }) => once(stdout, 'data'));
  for (const { stdin } of children) stdin.write('go\n');
  const said = (await Promise.all(answers)).map(([data]) => String(data).trim());
  const ends = children.map((child) => once(child, 'exit'));
  for (const { stdin } of children) stdin.end();
  await Promise.all(ends);
  expect(said.toSorted()).toEqual(['held', 'held', 'held', 'taken']);
  expect(readdirSync(join(path, '..'))).toEqual([]);
});
