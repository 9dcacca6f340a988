import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL, fileURLToPath } from 'node:url';
import { openStorage } from '@espalier/search';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
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
/** For what only looks, or is refused before anything is run: in this process, which needs not load everything first. */
const look = (...args: readonly string[]) => runHere(...args);
const json = (text: string): never => JSON.parse(text) as never;
const trials = async (name: string, storage: string): Promise<readonly { state: string; number: number }[]> =>
  json((await look('study', 'trials', name, '--storage', storage, '--json')).stdout);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-'));
  writeFileSync(at('quick.mjs'), moduleText(0));
  writeFileSync(at('slow.mjs'), moduleText(60));
  writeFileSync(at('endless.mjs'), moduleText(600_000));
  writeFileSync(at('throws-always.mjs'), moduleText(0).replace('trial.config.x > 4', 'true'));
  writeFileSync(at('throws.mjs'), "throw new Error('boom\\nand why');");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('of a study in memory nothing is kept, and no command is told that could not go on with it', async () => {
  const args = ['--storage', 'memory:', '--trials', '2', '--seed', '1'];
  const done = await run('study', 'run', 'm', at('quick.mjs'), ...args);
  expect(done.code, done.stderr).toBe(0);
  expect(done.stderr).toContain('"note":"nothing is kept of a study in memory: to go on with one, give --storage');
  expect(done.stderr).not.toContain('study resume');
  const stopped = await espalier(['study', 'run', 'm', at('endless.mjs'), ...args], {
    onStderr: (text, kill) => {
      if (text.includes('"type":"report"')) kill('SIGINT');
      if (text.includes('"type":"interrupted"')) kill('SIGTERM');
    },
  });
  expect(stopped.code, stopped.stderr).toBe(130);
  expect(stopped.stderr).toMatch(/espalier: interrupted\n/u);
  expect(stopped.stderr).not.toContain('study resume');
  const failed = await run('study', 'run', 'm', at('throws-always.mjs'), ...args);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/mend that, then run it again\n$/u);
});

describe('a study of a module', () => {
  const storage = (): string => `sqlite:${at('studies.db')}`;
  const study = (...args: readonly string[]) => run('study', ...args, '--storage', storage());
  const lookAt = (...args: readonly string[]) => look('study', ...args, '--storage', storage());

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
      resume: `npx espalier study resume first ${at('quick.mjs')} --storage ${storage()} --trials 60`,
    });
  });

  test('is there to look at', async () => {
    expect((await lookAt('list', '--json')).stdout).toBe('["first"]\n');
    const status = await lookAt('status');
    expect(status.stdout).toMatch(/^first · random · seed 3/u);
    expect(status.stdout).toMatch(/best .* in trial \d+/u);
    const best = json((await lookAt('best', 'first', '--json')).stdout) as readonly { number: number }[];
    expect(best).toHaveLength(1);
    const all = await trials('first', storage());
    expect(all.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    const shares = json((await lookAt('importance', 'first', '--json')).stdout) as Record<string, number>;
    expect((shares['x'] ?? 0) + (shares['y'] ?? 0)).toBeCloseTo(1, 6);
    expect((await lookAt('trials', 'first', '--state', 'failed', '--last', '1')).stdout).toMatch(/failed \(crash\)/u);
  });

  test('a journal is there to look at while another process writes it', async () => {
    const journal = `journal:${at('held.jsonl')}`;
    const made = await run('study', 'run', 'held', at('quick.mjs'), '--trials', '3', '--storage', journal, '--quiet');
    expect(made.code, made.stderr).toBe(0);
    const writer = await openStorage(journal);
    try {
      expect((await run('study', 'list', '--storage', journal)).stdout).toBe('held\n');
      expect((await run('study', 'status', '--storage', journal)).stdout).toMatch(/^held/u);
      const resumed = await run('study', 'resume', '--storage', journal, '--trials', '5', '--trust');
      expect(resumed.code).toBe(1);
      expect(resumed.stderr).toMatch(/it is being written by process \d+/u);
    } finally {
      await writer.close();
    }
  });

  test('goes on with more trials, and the same seed repeats it', async () => {
    const more = await study('resume', 'first', '--trials', '40', '--json', '--trust');
    expect(more.code, more.stderr).toBe(0);
    expect(await trials('first', storage())).toHaveLength(40);
    await study('run', 'again', at('quick.mjs'), '--trials', '40', '--strategy', 'random', '--seed', '3', '--quiet');
    const [a, b] = [await trials('first', storage()), await trials('again', storage())];
    const plain = (list: typeof a): unknown =>
      list.map((trial) => ({ ...trial, spent: 0, startedAt: 0, finishedAt: 0, revision: 0, basis: 0 }));
    expect(plain(b)).toEqual(plain(a));
    expect((await lookAt('compare', 'first', 'again')).stdout).toMatch(/first.*\n.*again/u);
  });

  test('is exported, and failures are queued again', async () => {
    await lookAt('export', 'first', '-o', at('trials.csv'));
    const lines = readFileSync(at('trials.csv'), 'utf8').trimEnd().split('\r\n');
    expect(lines[0]).toBe('number,state,loss,seconds,finished,operator,failure,x,y');
    expect(lines.some((line) => /^\d+,failed,,.*,Error: x is too large,/u.test(line))).toBe(true);
    expect(lines).toHaveLength(41);
    await lookAt('export', 'first', '-o', at('trials.json'));
    expect((JSON.parse(readFileSync(at('trials.json'), 'utf8')) as { trials: unknown[] }).trials).toHaveLength(40);
    await study('export', 'first', '-o', at('optuna.db'));
    const imported = await study('import', at('optuna.db'), '--name', 'back', '--json');
    expect(imported.stdout, imported.stderr).toBe('{"study":"back","trials":40}\n');
    const failed = (await trials('first', storage())).filter(({ state }) => state === 'failed');
    expect(failed.length).toBeGreaterThan(0);
    const { queued } = json((await study('retry', 'first', '--json')).stdout) as { queued: number[] };
    expect(queued).toEqual(failed.map((_, index) => 40 + index));
    const twice = await lookAt('retry', 'first');
    expect(twice.code).toBe(1);
    expect(twice.stderr).toMatch(/queued already/u);
    const tried = await study('resume', 'first', at('quick.mjs'), '--trials', String(40 + queued.length), '--quiet');
    expect(tried.code, tried.stderr).toBe(0);
    const after = await trials('first', storage());
    expect(after.slice(40).map(({ state }) => state)).toEqual(failed.map(() => 'failed'));
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
    const more = await study('resume', 'stopped', '--trust', '--trials', String(done.length + 3), '--quiet');
    expect(more.code, more.stderr).toBe(0);
    expect(await trials('stopped', storage())).toHaveLength(done.length + 3);
  });

  test('interrupted twice, gives back what it has in hand', async () => {
    let signals = 0;
    const { code, stderr } = await espalier(
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
    expect(stderr).toContain(
      `espalier: interrupted; to go on: npx espalier study resume twice ${at('endless.mjs')} --storage ${storage()}\n`,
    );
    const left = await trials('twice', storage());
    expect(left.map(({ state }) => state)).toEqual(['waiting']);
  });

  test.each<readonly [string, readonly string[], number, RegExp]>([
    ['a study of the name', ['run', 'first', 'QUICK'], 2, /holds a study 'first' already.*study resume first/u],
    ['no such study', ['status', 'none'], 2, /no study 'none': it holds 'first'.*: name one of them/u],
    ['nearly a study', ['best', 'frist'], 2, /did you mean 'first'\?/u],
    ['no module', ['create', 'x', 'none.mjs'], 2, /none\.mjs: there is no such file/u],
    [
      'a strategy that cannot be',
      ['create', 'x', 'QUICK', '--strategy', 'genetic', '--strategy-options', '{"size":1}'],
      2,
      /there is no option 'size'/u,
    ],
    ['a module that throws', ['create', 'x', 'THROWS'], 2, /throws\.mjs cannot be loaded: Error: boom$/mu],
    ['options of nothing', ['create', 'x', 'QUICK', '--strategy-options', '{}'], 2, /give --strategy too/u],
    [
      'a target that is none',
      ['create', 'untargeted', 'QUICK', '--target', 'loss less 1'],
      2,
      /cannot read 'loss less 1'/u,
    ],
    ['a study that this did not make', ['status', 'untargeted'], 2, /no study 'untargeted'/u],
    ['a file that Optuna did not write', ['import', 'none.db'], 2, /none\.db: there is no such file/u],
    ['no JSON', ['create', 'x', 'QUICK', '--strategy-options', 'size'], 2, /is no JSON object/u],
    ['a file of no ending', ['export', 'first', '-o', 'trials'], 2, /no known ending/u],
    ['a trial that has not failed', ['retry', 'first', '999'], 2, /has not failed/u],
  ])('%s is one clear line', async (_, args, code, words) => {
    const files: Readonly<Record<string, string>> = { QUICK: at('quick.mjs'), THROWS: at('throws.mjs') };
    const found = await lookAt(...args.map((arg) => files[arg] ?? arg));
    expect(found.code).toBe(code);
    expect(found.stderr.trim().split('\n')).toHaveLength(1);
    expect(found.stderr).toMatch(words);
  });
});

describe('a storage that cannot be', () => {
  test.each<readonly [string, readonly string[], RegExp]>([
    ['of no kind', ['study', 'list', '--storage', 'sqlit:x.db'], /did you mean 'sqlite:'\?/u],
    ['no URL', ['study', 'list', '--storage', 'x.db'], /write sqlite:x\.db/u],
    ['not there', ['study', 'status', '--storage', 'sqlite:NONE'], /there is no such file: check --storage/u],
    ['not there for a worker', ['worker', '--storage', 'journal:NONE'], /there is no such file: check --storage/u],
    ['a folder', ['study', 'create', 'x', '--storage', 'sqlite:FOLDER'], /this is a folder/u],
    ['only of this process', ['study', 'create', 'x', '--storage', 'memory:'], /is gone when this process ends/u],
    [
      'for one process, and several asked for',
      ['study', 'run', 'x', '--processes', '2', '--storage', 'journal:NONE'],
      /is for a single process/u,
    ],
  ])('%s is one clear line, and nothing is made', async (_, args, words) => {
    const none = at('nowhere', 'none.db');
    const found = await look(...args.map((arg) => arg.replace('NONE', none).replace('FOLDER', folder)));
    expect(found.code).toBe(2);
    expect(found.stderr.trim().split('\n')).toHaveLength(1);
    expect(found.stderr).toMatch(words);
    expect(existsSync(at('nowhere'))).toBe(false);
  });
});

describe('modules that do what they should not', () => {
  const moduleOf = (name: string, body: string): string => {
    const text = `import { float, space } from ${JSON.stringify(pathToFileURL(search).href)};
export default { space: space({ x: float(0, 1) }), objectives: ['minimize loss'], objective: ${body} };`;
    writeFileSync(at(name), text);
    return at(name);
  };
  const study = (...args: readonly string[]) => run('study', ...args, '--storage', `sqlite:${at('odd.db')}`);
  const lookAt = (...args: readonly string[]) => look('study', ...args, '--storage', `sqlite:${at('odd.db')}`);

  test('print: stdout stays the result', async () => {
    const file = moduleOf('prints.mjs', "({ config }) => { console.log('here'); return config.x; }");
    const { code, stdout, stderr } = await study('run', 'prints', file, '--trials', '2', '--json');
    expect(code, stderr).toBe(0);
    expect(json(stdout)).toMatchObject({ counts: { complete: 2 } });
    expect(stderr.match(/"type":"output","text":"here"/gu)).toHaveLength(2);
  });

  test('never wait: Ctrl-C ends the study all the same', async () => {
    const file = moduleOf('eager.mjs', '({ config }) => config.x');
    const args = ['study', 'run', 'eager', file, '--strategy', 'random', '--storage', `sqlite:${at('odd.db')}`];
    let asked = false;
    const { code, stderr } = await espalier(args, {
      onStderr: (text, kill) => {
        if (asked || !text.includes('"type":"finish"')) return;
        asked = true;
        kill('SIGINT');
      },
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(/"type":"note","message":"no stop condition was given/u);
    expect(stderr).toMatch(/"type":"interrupted"/u);
  });

  test('leave a promise behind that fails: one line with the command to go on, and the trial is given back', async () => {
    const file = moduleOf('leaves.mjs', "() => { Promise.reject(new Error('left')); return new Promise(() => {}); }");
    const { code, stderr } = await study('run', 'leaves', file, '--trials', '2', '--quiet');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^espalier: an error that nothing caught: Error: left .*to go on: npx espalier study resume/u,
    );
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect((await trials('leaves', `sqlite:${at('odd.db')}`)).map(({ state }) => state)).toEqual(['waiting']);
  });

  test('end the process: one line says so, with the command to go on', async () => {
    const file = moduleOf('exits.mjs', '() => process.exit(0)');
    const { code, stderr } = await study('run', 'exits', file, '--trials', '2', '--quiet');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^espalier: code that it ran has called process\.exit: .*to go on: npx espalier study resume exits [^\n]*\n$/u,
    );
  });

  test('never work: the study fails with what the trial said, and may be gone on with by another module', async () => {
    const file = moduleOf('fails.mjs', "() => { throw new Error('broken\\nbecause'); }");
    const { code, stderr } = await study('run', 'fails', file, '--trials', '4', '--quiet');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /no trial of 'fails' worked; trial 3 failed by crash: Error: broken: .*study retry fails --storage sqlite:[^ ]+\n$/u,
    );
    const { stdout } = await lookAt('trials', 'fails');
    expect(stdout).toMatch(/failed \(crash\).*Error: broken {2}x=/u);
    expect((await lookAt('importance', 'fails')).stderr).toMatch(
      /^espalier: importance: 0 trials are complete: .*\n$/u,
    );
    rmSync(file);
    expect((await lookAt('resume', 'fails', '--trials', '6', '--trust')).stderr).toMatch(
      /fails\.mjs, which is not here: name its module/u,
    );
    const mended = moduleOf('mended.mjs', '({ config }) => config.x');
    const more = await study('resume', 'fails', mended, '--trials', '6', '--quiet');
    expect(more.code, more.stderr).toBe(0);
    expect(more.stdout).toMatch(/^the best: trial [45], loss 0\.\d{1,6}\n {2}x {2}0\.\d{1,6}\n$/u);
  });

  test('have two objectives: the front is a table', async () => {
    const file = moduleOf('two.mjs', '({ config: { x } }) => ({ loss: x, size: 1 - x })');
    writeFileSync(file, readFileSync(file, 'utf8').replace("['minimize loss']", "['minimize loss', 'minimize size']"));
    const { code, stdout, stderr } = await study('run', 'two', file, '--trials', '5', '--quiet');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^the front:\ntrial {2}state {5} {2,}loss {2,}size /u);
    expect((await lookAt('best', 'two')).stdout).toBe(stdout);
    expect((await lookAt('compare', 'two', 'fails')).stdout).toMatch(/two .*front of 5\nfails/u);
  });
});

test('a study that has ended is watched to its end, its events on stdout', async () => {
  const storage = `sqlite:${at('watched.db')}`;
  await run('study', 'run', 'seen', at('quick.mjs'), '--trials', '3', '--quiet', '--storage', storage);
  const { code, stderr } = await run('study', 'watch', 'seen', '--storage', storage);
  expect(code).toBe(0);
  expect(stderr).toBe('');
});

test('a reader of what is said on the way may leave: the study goes on', async () => {
  const storage = `sqlite:${at('piped.db')}`;
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../../dist/joined/main.js', import.meta.url)), 'study', 'run', 'p', at('slow.mjs')].concat(
      '--trials',
      '3',
      '--storage',
      storage,
    ),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  child.stderr.once('data', () => child.stderr.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(0);
  expect(await trials('p', storage)).toHaveLength(3);
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
