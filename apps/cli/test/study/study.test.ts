import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { tinyRecipe, writeTinyImages } from '../helpers/tiny-images.ts';

let folder = '';
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const search = fileURLToPath(new URL('../../../../packages/search/dist/index.js', import.meta.url));

/** A module whose trials are quick; some fail, and each waits a little so that others get their share. */
function moduleText(pause: number): string {
  return `import { float, space } from ${JSON.stringify(pathToFileURL(search).href)};
export default {
  space: space({ x: float(-5, 5), y: float(-5, 5) }),
  objectives: ['minimize loss'],
  objective: async (trial) => {
    for (let step = 1; step <= 3; step += 1) {
      trial.report(step, { loss: trial.config.x ** 2 + 1 / step });
      await new Promise((done) => setTimeout(done, ${pause}));
    }
    if (trial.config.x > 4) throw new Error('x is too large');
    return trial.config.x ** 2 + trial.config.y ** 2;
  },
};
`;
}

const run = (...args: readonly string[]) => espalier([...args]);
const json = (text: string): never => JSON.parse(text) as never;
const trials = async (name: string, storage: string): Promise<readonly { state: string; number: number }[]> =>
  json((await run('study', 'trials', name, '--storage', storage, '--json')).stdout);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-'));
  writeFileSync(at('quick.mjs'), moduleText(0));
  writeFileSync(at('slow.mjs'), moduleText(60));
  writeFileSync(at('endless.mjs'), moduleText(600_000));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a study of a module', () => {
  const storage = (): string => `sqlite:${at('studies.db')}`;
  const study = (...args: readonly string[]) => run('study', ...args, '--storage', storage());

  test('is created and run to its end, telling each event as a line of JSON', async () => {
    const { code, stdout, stderr } = await study(
      'run',
      'first',
      at('quick.mjs'),
      '--trials',
      '30',
      '--strategy',
      'random',
      '--seed',
      '3',
      '--json',
    );
    expect(code, stderr).toBe(0);
    const { stopped, status, ...rest } = json(stdout) as Record<string, unknown>;
    expect(status).toBeUndefined();
    expect(stopped).toBe('maxTrials(30): 30 of 30 trials');
    expect(rest).toMatchObject({ study: 'first', strategy: 'random', seed: 3, objectives: ['minimize loss'] });
    const lines = stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { type: string; revision: number });
    expect(stderr.trimEnd().split('\n')).toHaveLength(lines.length);
    expect(lines.filter(({ type }) => type === 'finish')).toHaveLength(30);
    expect(lines.slice(0, -1).map(({ revision }) => revision)).toEqual(lines.slice(1).map((_, index) => index + 1));
    expect(lines.at(-1)).toMatchObject({
      type: 'stopped',
      resume: `espalier study resume first --storage ${storage()}`,
    });
  });

  test('is there to look at', async () => {
    expect((await study('list', '--json')).stdout).toBe('["first"]\n');
    const status = await study('status');
    expect(status.stdout).toMatch(/^first · random · seed 3/u);
    expect(status.stdout).toMatch(/best .* in trial \d+/u);
    const best = json((await study('best', 'first', '--json')).stdout) as readonly { number: number }[];
    expect(best).toHaveLength(1);
    const all = await trials('first', storage());
    expect(all.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    const shares = json((await study('importance', 'first', '--json')).stdout) as Record<string, number>;
    expect((shares['x'] ?? 0) + (shares['y'] ?? 0)).toBeCloseTo(1, 6);
    expect((await study('trials', 'first', '--state', 'failed', '--last', '1')).stdout).toMatch(/failed \(crash\)/u);
  });

  test('goes on with more trials, and the same seed repeats it', async () => {
    const more = await study('resume', 'first', '--trials', '40', '--json');
    expect(more.code, more.stderr).toBe(0);
    expect(await trials('first', storage())).toHaveLength(40);
    await study('run', 'again', at('quick.mjs'), '--trials', '40', '--strategy', 'random', '--seed', '3', '--quiet');
    const [a, b] = [await trials('first', storage()), await trials('again', storage())];
    const plain = (list: typeof a): unknown =>
      list.map((trial) => ({ ...trial, spent: 0, startedAt: 0, finishedAt: 0, revision: 0, basis: 0 }));
    expect(plain(b)).toEqual(plain(a));
    expect((await study('compare', 'first', 'again')).stdout).toMatch(/first.*\n.*again/u);
  });

  test('is exported, and failures are queued again', async () => {
    await study('export', 'first', '-o', at('trials.csv'));
    const lines = readFileSync(at('trials.csv'), 'utf8').trimEnd().split('\r\n');
    expect(lines[0]).toBe('number,state,loss,seconds,operator,x,y');
    expect(lines).toHaveLength(41);
    await study('export', 'first', '-o', at('trials.json'));
    expect((JSON.parse(readFileSync(at('trials.json'), 'utf8')) as { trials: unknown[] }).trials).toHaveLength(40);
    await study('export', 'first', '-o', at('optuna.db'));
    const imported = await study('import', at('optuna.db'), '--name', 'back', '--json');
    expect(imported.stdout, imported.stderr).toBe('{"study":"back","trials":40}\n');
    const failed = (await trials('first', storage())).filter(({ state }) => state === 'failed');
    expect(failed.length).toBeGreaterThan(0);
    const { queued } = json((await study('retry', 'first', '--json')).stdout) as { queued: number[] };
    expect(queued).toEqual(failed.map((_, index) => 40 + index));
  });

  test('is run by several processes, each trial once', async () => {
    const { code, stderr, stdout } = await study(
      'run',
      'many',
      at('slow.mjs'),
      '--trials',
      '24',
      '--strategy',
      'random',
      '--processes',
      '3',
      '--json',
    );
    expect(code, stderr).toBe(0);
    expect((json(stdout) as { stopped: string }).stopped).toMatch(/^maxTrials\(24\)/u);
    const done = await trials('many', storage());
    expect(done.length).toBeGreaterThanOrEqual(24);
    expect(done.length).toBeLessThanOrEqual(26);
    for (const { state } of done) expect(['complete', 'failed']).toContain(state);
    expect(done.map(({ number }) => number)).toEqual(done.map((_, index) => index));
  });

  test('interrupted, finishes what it has in hand, and goes on', async () => {
    let asked = false;
    const { code, stderr } = await espalier(
      ['study', 'run', 'stopped', at('slow.mjs'), '--trials', '500', '--strategy', 'random', '--storage', storage()],
      {
        onStderr: (text, kill) => {
          const finished = text.match(/"type":"finish"/gu)?.length ?? 0;
          if (finished >= 2 && !asked) kill('SIGINT');
          asked ||= finished >= 2;
        },
      },
    );
    expect(code).toBe(130);
    expect(stderr).toContain('espalier study resume stopped');
    const done = await trials('stopped', storage());
    expect(done.length).toBeLessThan(500);
    expect(done.every(({ state }) => state === 'complete' || state === 'failed')).toBe(true);
    const more = await study('resume', 'stopped', '--trials', String(done.length + 3), '--quiet');
    expect(more.code, more.stderr).toBe(0);
    expect(await trials('stopped', storage())).toHaveLength(done.length + 3);
  });

  test('interrupted twice, gives back what it has in hand', async () => {
    let signals = 0;
    const { code } = await espalier(
      ['study', 'run', 'twice', at('endless.mjs'), '--strategy', 'random', '--trials', '5', '--storage', storage()],
      {
        onStderr: (text, kill) => {
          const due = text.includes('finishing the trials') ? 2 : text.includes('"type":"start"') ? 1 : 0;
          if (signals >= due) return;
          signals = due;
          kill('SIGINT');
        },
      },
    );
    expect(code).toBe(130);
    expect(signals).toBe(2);
    const left = await trials('twice', storage());
    expect(left.map(({ state }) => state)).toEqual(['waiting']);
  });

  test.each<readonly [string, readonly string[], number, RegExp]>([
    ['a study of the name', ['run', 'first', 'QUICK'], 1, /holds one of this name/u],
    ['no such study', ['status', 'none'], 1, /give the name of one/u],
    ['no module', ['create', 'x', 'none.mjs'], 2, /none\.mjs cannot be loaded/u],
    [
      'a strategy that cannot be',
      ['create', 'x', 'QUICK', '--strategy', 'genetic', '--strategy-options', '{"size":1}'],
      2,
      /there is no option 'size'/u,
    ],
    ['no JSON', ['create', 'x', 'QUICK', '--strategy-options', 'size'], 2, /is no JSON object/u],
    ['a file of no ending', ['export', 'first', '-o', 'trials'], 2, /no known ending/u],
    ['a trial that has not failed', ['retry', 'first', '999'], 2, /has not failed/u],
  ])('%s is one clear line', async (_, args, code, words) => {
    const found = await study(...args.map((arg) => (arg === 'QUICK' ? at('quick.mjs') : arg)));
    expect(found.code).toBe(code);
    expect(found.stderr.trim().split('\n')).toHaveLength(1);
    expect(found.stderr).toMatch(words);
  });
});

test('a study of a recipe trains networks', async () => {
  writeTinyImages(at('images'));
  writeFileSync(at('tiny.yaml'), tinyRecipe(at('images'), at('out')));
  const storage = `sqlite:${at('recipe.db')}`;
  const made = await run('study', 'create', 'digits', at('tiny.yaml'), '--trials', '2', '--storage', storage);
  expect(made.stdout).toContain(`espalier worker --storage ${storage} --study digits`);
  const worker = await run('worker', '--storage', storage, '--quiet', '--json');
  expect(worker.code, worker.stderr).toBe(0);
  expect(await trials('digits', storage)).toHaveLength(2);
});
