import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';
import { tinyRecipe, writeTinyImages } from '../helpers/tiny-images.ts';
import { writeTinyCandidate, writeTinyModel } from '../helpers/tiny-model.ts';

const at = scratch('file');

beforeAll(async () => {
  writeTinyImages(at('images'));
  await writeTinyModel(at('m'));
  writeTinyCandidate(at('candidate.yaml'));
  writeFileSync(at('tiny.yaml'), tinyRecipe(at('images'), at('unused')).replace('trials: 4', 'trials: 1'));
  const made = await espalier(['study', 'create', 's', '--storage', `sqlite:${at('studies.db')}`]);
  if (made.code !== 0) throw new Error(made.stderr);
});

/** The commands that write a folder, without their output. */
const commands: Readonly<Record<string, () => readonly string[]>> = {
  train: () => ['train', at('candidate.yaml'), '--epochs', '1', '--data', at('images'), '--device', 'cpu'],
  prune: () => ['prune', at('m'), '--epochs', '1', '--data', at('images'), '--device', 'cpu'],
  optimize: () => ['optimize', at('m'), '--goal', 'accuracy>=base-1pp', '--data', at('images'), '--device', 'cpu'],
  quantize: () => ['quantize', at('m'), '--data', at('images'), '--device', 'cpu'],
  distill: () =>
    ['distill', at('m'), '--student', at('candidate.yaml'), '--epochs', '1', '--data', at('images')].concat(
      '--device',
      'cpu',
    ),
  search: () => ['search', at('tiny.yaml')],
  run: () => ['run', at('tiny.yaml')],
};
const exporting = (): readonly string[] => ['study', 'export', 's', '--storage', `sqlite:${at('studies.db')}`];

/** What is in the folder, but for what SQLite keeps beside a database that it reads. */
function listed(): readonly string[] {
  return readdirSync(at())
    .filter((name) => !/-(?:shm|wal)$/u.test(name))
    .toSorted();
}

/** Runs a command that is to be refused, and expects nothing else to have been done. */
async function refused(args: readonly string[], words: RegExp, code = 2): Promise<void> {
  const before = listed();
  const found = await runHere(...args);
  expect(found.stderr).toMatch(words);
  expect(found.stderr).not.toMatch(/%|✓/u);
  expect(found.stderr.split('\n').filter((line) => line.startsWith('espalier:'))).toHaveLength(1);
  expect(found.stderr).not.toMatch(/^\s+at /mu);
  expect(found.code, found.stderr).toBe(code);
  expect(listed()).toEqual(before);
}

describe.each(Object.keys(commands))('%s', (name) => {
  const command = (...args: readonly string[]): readonly string[] => [...(commands[name]?.() ?? []), ...args];

  test('leaves a folder alone in which somebody else has a file, whatever its name', async () => {
    const theirs = at(`theirs-${name}`);
    mkdirSync(theirs);
    writeFileSync(join(theirs, 'config.json'), 'theirs');
    await refused(command('-o', theirs), /did not write \(config\.json\)/u);
    await refused(command('-o', theirs, '--overwrite'), /did not write \(config\.json\)/u);
    expect(readFileSync(join(theirs, 'config.json'), 'utf8')).toBe('theirs');
  });

  test('ends at once where nothing can be written', async () => {
    await refused(command('-o', '/proc/a/b'), /^espalier: \/proc\/a\/b: this is where the system shows itself/mu);
    await refused(command('-o', '/dev/null'), /^espalier: \/dev\/null: this is /mu);
    await refused(command('-o', at('candidate.yaml')), /this is a file, and the output is a folder/u);
  });
});

describe('a second time', () => {
  test('nothing is replaced unless that is asked for, and then all at once', async () => {
    const [out, run] = [at('q'), commands['quantize']?.() ?? []];
    const first = await espalier([...run, '-o', out, '--json', '--quiet']);
    expect(first.code, first.stderr).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ folder: out });
    const weights = readFileSync(join(out, 'model.safetensors'));
    await refused([...run, '-o', out], /espalier quantize wrote this: replace it by --overwrite/u);
    expect(readFileSync(join(out, 'model.safetensors')).equals(weights)).toBe(true);
    const again = await espalier([...run, '-o', out, '--overwrite', '--quiet']);
    expect(again.code, again.stderr).toBe(0);
    expect(readdirSync(out).toSorted()).toEqual([
      '.espalier.json',
      'config.json',
      'model.safetensors',
      'optimization.json',
    ]);
    expect(readdirSync(at()).filter((name) => name.includes('.espalier-'))).toEqual([]);
  });

  test('a model is not made from itself', async () => {
    await refused(
      ['quantize', at('q'), '--data', at('images'), '-o', at('q'), '--overwrite'],
      /this is what is read from/u,
    );
  });

  test('an export is not replaced, and never the study itself', async () => {
    const csv = at('trials.csv');
    const first = await espalier([...exporting(), '-o', csv]);
    expect(first.code, first.stderr).toBe(0);
    await refused([...exporting(), '-o', csv], /there is a file of this name: replace it by --overwrite/u);
    expect((await espalier([...exporting(), '-o', csv, '--overwrite'])).code).toBe(0);
    expect((await espalier([...exporting(), '-o', at('optuna.db')])).code).toBe(0);
    expect((await espalier([...exporting(), '-o', at('optuna.db'), '--overwrite'])).code).toBe(0);
    await refused([...exporting(), '-o', at('studies.db'), '--overwrite'], /this belongs to what is read from/u);
    await refused([...exporting(), '-o', at('m'), '--format', 'csv', '--overwrite'], /this is a folder/u);
    await refused([...exporting(), '-o', at('x.constructor')], /no known ending/u);
    await refused([...exporting(), '-o', '/proc/x.csv'], /the system shows itself/u);
    await refused([...exporting(), '-o', '/dev/full', '--format', 'csv'], /this is a device|shows itself/u);
  });
});

test('a run without a folder of its own takes the next number, and names it to go on with', async () => {
  // Where nobody names a folder, it is one of the folder that the command runs in.
  const main = fileURLToPath(new URL('../../dist/joined/main.js', import.meta.url));
  writeFileSync(at('unnamed.yaml'), tinyRecipe(at('images'), 'runs/quickstart').replace('trials: 4', 'trials: 1'));
  mkdirSync(at('cwd'));
  const run = (...args: readonly string[]) =>
    execFileSync(process.execPath, [main, 'search', at('unnamed.yaml'), '--quiet', ...args], { cwd: at('cwd') });
  run();
  run();
  expect(readdirSync(at('cwd/runs'))).toEqual(['quickstart', 'quickstart-2']);
  run('--resume', '--trials', '2');
  expect(readdirSync(at('cwd/runs'))).toEqual(['quickstart', 'quickstart-2']);
  const lines = (path: string): number => readFileSync(path, 'utf8').split('\n').length;
  expect(lines(at('cwd/runs/quickstart-2/search.jsonl'))).toBeGreaterThan(
    lines(at('cwd/runs/quickstart/search.jsonl')),
  );
});

test('two runs at once: the second ends with who is at it, and the first is not disturbed', async () => {
  const args = [
    'train',
    at('candidate.yaml'),
    '--epochs',
    '30',
    '--data',
    at('images'),
    '--device',
    'cpu',
    '-o',
    at('both'),
  ];
  let second: ReturnType<typeof espalier> | undefined;
  const first = await espalier(args, {
    onStderr: (text) => {
      if (text.includes('train: ')) second ??= espalier([...args, '--overwrite']);
    },
  });
  const other = await second;
  expect(first.code, first.stderr).toBe(0);
  expect(other?.stderr).toMatch(/^espalier: .*both is being written by process \d+ on /mu);
  expect(other?.code).toBe(1);
});

test('a killed training is taken over, and goes on from its checkpoint', async () => {
  const main = fileURLToPath(new URL('../../dist/joined/main.js', import.meta.url));
  const args = [
    'train',
    at('candidate.yaml'),
    '--epochs',
    '200',
    '--data',
    at('images'),
    '--device',
    'cpu',
    '-o',
    at('killed'),
  ];
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes('train: ')) child.kill('SIGKILL');
    });
    child.on('close', () => resolve());
  });
  expect(existsSync(at('killed'))).toBe(false);
  const anew = await espalier(args);
  expect(anew.stderr).toMatch(/espalier train was begun there and is not finished: go on with it by --resume/u);
  expect(anew.code).toBe(2);
  const resumed = await espalier([...args, '--epochs', '200', '--resume', '--quiet']);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(readdirSync(at('killed')).toSorted()).toEqual(['.espalier.json', 'config.json', 'model.safetensors']);
  expect(readdirSync(at()).filter((name) => name.includes('.espalier-'))).toEqual([]);
});

function system(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'ignore' });
}

/** Whether this process may mount file systems, which takes a superuser. */
function canMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'espalier-mount-'));
  try {
    system('mount', '-t', 'tmpfs', 'tmpfs', probe);
    system('umount', probe);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

describe.skipIf(process.platform !== 'linux' || !canMount())('on a disk of its own', () => {
  const mounted: string[] = [];
  const mount = (name: string, options: string): string => {
    mkdirSync(at(name));
    system('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', at(name));
    mounted.push(at(name));
    return at(name);
  };
  afterAll(() => {
    for (const path of mounted) system('umount', path);
  });

  test('that is full or read only, that is said before any training', async () => {
    const full = mount('full', 'size=32k');
    const readOnly = mount('read-only', 'size=1m,ro');
    for (const command of Object.values(commands)) {
      await refused(
        [...command(), '-o', join(full, 'out')],
        /^espalier: .*full\/out: the disk is full: free some space/mu,
        1,
      );
      expect(readdirSync(full)).toEqual([]);
      await refused([...command(), '-o', join(readOnly, 'out')], /read-only\S*: the file system is read only/u, 1);
      await refused([...command(), '-o', readOnly], /read-only\S*: the file system is read only/u, 1);
    }
    writeFileSync(join(full, 'filler'), Buffer.alloc(32_768 - 4096));
    const csv = [...exporting(), '-o', join(full, 'x.csv')];
    writeFileSync(join(full, 'rest'), Buffer.alloc(4096));
    await refused(csv, /full\/x\.csv: the disk is full/u, 1);
    await refused(
      [...exporting(), '-o', join(readOnly, 'x.csv')],
      /read-only\/x\.csv: the file system is read only/u,
      1,
    );
    expect(readdirSync(full).toSorted()).toEqual(['filler', 'rest']);
  });

  test('the disk itself may be the output', async () => {
    const disk = mount('disk', 'size=8m');
    for (const more of [[], ['--overwrite']]) {
      const { code, stderr } = await espalier([...(commands['quantize']?.() ?? []), '-o', disk, '--quiet', ...more]);
      expect(code, stderr).toBe(0);
      expect(readdirSync(disk).toSorted()).toEqual([
        '.espalier.json',
        'config.json',
        'model.safetensors',
        'optimization.json',
      ]);
    }
  });
});
