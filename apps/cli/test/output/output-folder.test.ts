import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ownIdentity } from '@espalier/storage';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chosenFolder } from '../../src/output/free-folder.ts';
import { contentsOf, writeManifest } from '../../src/output/manifest.ts';
import { withOutputFolder, type FolderRequest } from '../../src/output/output-folder.ts';
import { FailedError, UsageError } from '../../src/errors.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('test');

/** Writes two files as a command would. */
function write(path: string, text: string, settings: Partial<FolderRequest> = {}): Promise<void> {
  const request = { path, command: 'train', sources: [], bytes: 10, ...settings };
  return withOutputFolder(request, async ({ work, complete }) => {
    mkdirSync(join(work, 'part'), { recursive: true });
    writeFileSync(join(work, 'config.json'), text);
    writeFileSync(join(work, 'part', 'model'), text);
    await complete();
  });
}

/** Every file below a folder with its text, so that nothing changes unseen. */
function all(path: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    contentsOf(path).map((file) => [file, file.endsWith('/') ? '' : readFileSync(join(path, file), 'utf8')]),
  );
}

const written = ['.espalier.json', 'config.json', 'part/model'];

describe('an output folder', () => {
  test.each(['new', 'a/b/new', 'empty'])('that is %s is written, and nothing stays beside it', async (name) => {
    mkdirSync(at('empty'));
    await write(at(name), 'one');
    expect(contentsOf(at(name)).toSorted()).toEqual(written);
    expect(readdirSync(dirname(at(name))).filter((each) => each.startsWith('.'))).toEqual([]);
  });

  test('has no part of a file that a killed process was writing', async () => {
    await withOutputFolder(
      { path: at('out'), command: 'train', sources: [], bytes: 10 },
      async ({ work, complete }) => {
        mkdirSync(join(work, 'part'));
        for (const file of ['config.json', '.config.json.12.3.tmp', 'part/.model.4.1.tmp', 'part/mine.tmp'])
          writeFileSync(join(work, file), 'text');
        await complete();
      },
    );
    expect(contentsOf(at('out')).toSorted()).toEqual(['.espalier.json', 'config.json', 'part/mine.tmp']);
  });

  test('is not gone on with where what was asked for cannot be, and is where the work failed', async () => {
    const request = { path: at('out'), command: 'optimize', sources: [], bytes: 10, resumable: true };
    const failing = (error: Error, resume = false): Promise<void> =>
      withOutputFolder({ ...request, resume }, async ({ work }) => {
        writeFileSync(join(work, 'run.json'), 'begun');
        throw error;
      });
    await expect(failing(new UsageError('no such goal'))).rejects.toThrow('no such goal');
    expect(readdirSync(at())).toEqual([]);
    await expect(failing(new FailedError('no room'))).rejects.toThrow('no room');
    // Nor does a wrong line to go on with it take away what there is.
    await expect(failing(new UsageError('no such goal'), true)).rejects.toThrow('no such goal');
    expect(readFileSync(at('.out.espalier-work/run.json'), 'utf8')).toBe('begun');
  });

  test('that this program wrote is replaced where the user says so, and only there', async () => {
    await write(at('out'), 'one');
    const before = all(at());
    await expect(write(at('out'), 'two')).rejects.toThrow(/espalier train wrote this: replace it by --overwrite/u);
    expect(all(at())).toEqual(before);
    await write(at('out'), 'two', { overwrite: true });
    expect(readFileSync(at('out/part/model'), 'utf8')).toBe('two');
    expect(contentsOf(at()).toSorted()).toEqual(written.map((file) => `out/${file}`));
  });

  test.each([true, false])('with a file of somebody else is left alone, overwrite: %s', async (overwrite) => {
    await write(at('out'), 'one');
    writeFileSync(at('out/part/notes.txt'), 'mine');
    mkdirSync(at('theirs'));
    writeFileSync(at('theirs/config.json'), 'theirs');
    const before = all(at());
    await expect(write(at('out'), 'two', { overwrite })).rejects.toThrow('did not write (part/notes.txt)');
    await expect(write(at('theirs'), 'two', { overwrite })).rejects.toThrow('did not write (config.json)');
    expect(all(at())).toEqual(before);
  });

  test('that somebody else wrote into meanwhile is left alone', async () => {
    mkdirSync(at('out'));
    const request = { path: at('out'), command: 'train', sources: [], bytes: 10 };
    const late = withOutputFolder(request, async ({ work, complete }) => {
      writeFileSync(join(work, 'config.json'), 'ours');
      writeFileSync(at('out/late'), 'theirs');
      await complete();
    });
    await expect(late).rejects.toThrow('did not write (late)');
    expect(all(at())).toEqual({ 'out/late': 'theirs' });
  });

  test('whose manifest names what lies elsewhere takes nothing with it', async () => {
    writeFileSync(at('victim'), 'mine');
    mkdirSync(at('out'));
    await writeManifest(at('out'), { command: 'train', complete: true, files: ['../victim'] });
    await expect(write(at('out'), 'two', { overwrite: true })).rejects.toThrow('did not write (.espalier.json)');
    expect(readFileSync(at('victim'), 'utf8')).toBe('mine');
    await writeManifest(at('out'), { command: 'train', complete: true, files: ['link/victim'] });
    symlinkSync(at(), at('out/link'));
    await expect(write(at('out'), 'two', { overwrite: true })).rejects.toThrow('did not write (link)');
    expect(readFileSync(at('victim'), 'utf8')).toBe('mine');
  });

  test.each<readonly [string, () => string, RegExp]>([
    ['a file', () => at('file'), /this is a file, and the output is a folder/u],
    ['a path through a file', () => at('file/out'), /file\/out: a part of the path is a file, not a folder/u],
    ['a symbolic link', () => at('link'), /this is a symbolic link.*give the folder that it leads to/u],
    ['a path through a link to nowhere', () => at('nowhere/out'), /leads nowhere/u],
    ['the source', () => at('source'), /this is what is read from/u],
    ['the source by another way', () => at('alias/source'), /this is what is read from/u],
    ['what holds the source', () => at(), /it holds what is read from/u],
    ['the folder one is in', () => '.', /a folder of its own/u],
    ['the root', () => '/', /it holds what is read from|a folder of its own/u],
    ['home', homedir, /a folder of its own|holds what/u],
    ['a device', () => '/dev/null', /a device|shows itself/u],
    ['a path through a device', () => '/dev/null/x', /a part of the path is a file/u],
    ['a place among devices', () => '/dev/model', /shows itself/u],
    ['/proc', () => '/proc/model', /shows itself/u],
    ['below /proc', () => '/proc/a/b/c', /shows itself/u],
    ['/sys', () => '/sys/model/x', /shows itself/u],
    ['nothing', () => '', /it is empty/u],
    ['a name that is too long', () => at('x'.repeat(300)), /too long/u],
    ['a circle of links', () => at('circle/out'), /circle/u],
    ['a NUL', () => at('a\0b'), /NUL/u],
  ])('cannot be %s, overwrite or not', async (_, path, message) => {
    writeFileSync(at('file'), 'mine');
    mkdirSync(at('source'));
    writeFileSync(at('source/config.json'), 'mine');
    symlinkSync(at(), at('alias'));
    symlinkSync(at('source'), at('link'));
    symlinkSync(at('none'), at('nowhere'));
    symlinkSync(at('circle'), at('circle'));
    for (const overwrite of [false, true]) {
      await expect(write(path(), 'x', { overwrite, sources: [at('source')] })).rejects.toThrow(message);
    }
    expect(readdirSync(at()).toSorted()).toEqual(['alias', 'circle', 'file', 'link', 'nowhere', 'source']);
    expect(readFileSync(at('source/config.json'), 'utf8')).toBe('mine');
  });

  test('is written by one process at a time', async () => {
    const request = { path: at('out'), command: 'train', sources: [], bytes: 10 };
    await withOutputFolder(request, async ({ complete }) => {
      await expect(write(at('out'), 'two')).rejects.toThrow(`out is being written by process ${process.pid} on`);
      await complete();
    });
    expect(readdirSync(at())).toEqual(['out']);
  });

  test('is taken over from a process that was killed, and from a lock that has said nothing for long', async () => {
    const other = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await new Promise((resolve) => other.on('close', resolve));
    for (const text of ['', JSON.stringify({ ...ownIdentity(), pid: other.pid, started: 'long ago' })]) {
      writeFileSync(at('.out.espalier-lock'), text);
      utimesSync(at('.out.espalier-lock'), 0, 0);
      mkdirSync(at('.out.espalier-work'));
      await writeManifest(at('.out.espalier-work'), { command: 'train', complete: false, files: [] });
      writeFileSync(at('.out.espalier-work/half'), 'half');
      await write(at('out'), 'one', { overwrite: true });
      expect(readdirSync(at())).toEqual(['out']);
      expect(contentsOf(at('out')).toSorted()).toEqual(written);
    }
  });

  test('what lies where it is worked on and is not ours is neither used nor removed', async () => {
    mkdirSync(at('.out.espalier-work'));
    writeFileSync(at('.out.espalier-work/mine'), 'mine');
    await expect(write(at('out'), 'one')).rejects.toThrow('espalier did not write it');
    expect(all(at())).toEqual({ '.out.espalier-work/mine': 'mine' });
  });

  test('is the old one when the work fails, and what was begun goes, but for what can be gone on with', async () => {
    await write(at('out'), 'one');
    const before = all(at());
    const fail = (settings: Partial<FolderRequest>) =>
      withOutputFolder(
        { path: at('out'), command: 'train', sources: [], bytes: 10, overwrite: true, ...settings },
        async ({ work }) => {
          writeFileSync(join(work, 'half'), 'half');
          throw new Error(`${join(work, 'half')} is bad`);
        },
      );
    await expect(fail({})).rejects.toThrow(`${at('out/half')} is bad`);
    expect(all(at())).toEqual(before);
    await expect(fail({ resumable: true })).rejects.toThrow('is bad');
    expect(all(at('out'))).toEqual({
      '.espalier.json': before['out/.espalier.json'],
      'config.json': 'one',
      'part/model': 'one',
    });
    await expect(write(at('out'), 'two', { resumable: true })).rejects.toThrow(
      /was begun .* go on with it by --resume/u,
    );
    await expect(write(at('out'), 'two', { resumable: true, command: 'run', resume: true })).rejects.toThrow(
      /espalier train was begun/u,
    );
    await write(at('out'), 'two', { resumable: true, resume: true });
    expect(contentsOf(at('out')).toSorted()).toEqual([...written, 'half'].toSorted());
    expect(readdirSync(at())).toEqual(['out']);
  });

  test('with nothing to resume says so', async () => {
    const resume = { resumable: true, resume: true };
    await expect(write(at('out'), 'x', resume)).rejects.toThrow('there is nothing to resume');
    await write(at('out'), 'x');
    await expect(write(at('out'), 'x', resume)).rejects.toThrow('espalier train has finished it');
    expect(readdirSync(at())).toEqual(['out']);
  });

  test('that is complete is gone on from where a command can', async () => {
    await write(at('out'), 'one', { command: 'search' });
    const request = { path: at('out'), command: 'search', sources: [], bytes: 10, resume: true };
    await withOutputFolder({ ...request, resumable: true, continues: ['config.json'] }, async ({ work, complete }) => {
      expect(readFileSync(join(work, 'config.json'), 'utf8')).toBe('one');
      writeFileSync(join(work, 'config.json'), 'more');
      await complete();
    });
    expect(all(at('out'))).toMatchObject({ 'config.json': 'more' });
    expect(contentsOf(at('out'))).toHaveLength(2);
  });

  test('is whole again after a process was killed while it replaced it, at any moment', async () => {
    await write(at('out'), 'one');
    // Between the two renamings, and before the old one was removed.
    for (const moment of [renameSync, (from: string, to: string) => cpSync(from, to, { recursive: true })]) {
      moment(at('out'), at('.out.espalier-old'));
      await expect(write(at('out'), 'two')).rejects.toThrow('espalier train wrote this');
      expect(readdirSync(at())).toEqual(['out']);
      expect(readFileSync(at('out/config.json'), 'utf8')).toBe('one');
    }
  });

  test('by any name that a folder may have', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 255 }), async (name) => {
        fc.pre(
          !/[/\\\0]/u.test(name) && name.trim() !== '' && !/^\.{1,2}$/u.test(name) && Buffer.byteLength(name) <= 255,
        );
        await write(at('names', name), 'one');
        expect(contentsOf(at('names', name)).toSorted()).toEqual(written);
        rmSync(at('names'), { recursive: true });
      }),
      { numRuns: 40 },
    );
  });
});

test('of a folder that nobody named the next number is taken, and the last to go on with', async () => {
  const path = at('quickstart');
  expect(chosenFolder(path, true)).toBe(path);
  await write(chosenFolder(path, false), 'one');
  await write(chosenFolder(path, false), 'two');
  expect(readdirSync(at())).toEqual(['quickstart', 'quickstart-2']);
  expect(chosenFolder(path, false)).toBe(at('quickstart-3'));
  expect(chosenFolder(path, true)).toBe(at('quickstart-2'));
  expect(existsSync(at('quickstart-3'))).toBe(false);
});
