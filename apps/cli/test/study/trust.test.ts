import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL, fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('file');
const search = pathToFileURL(fileURLToPath(new URL('../../../../packages/search/dist/index.js', import.meta.url))).href;
const storage = (): string => `sqlite:${at('studies.db')}`;
const run = (...args: readonly string[]) => espalier([...args, '--storage', storage()]);
/** In this process, which loads the module no more than another would. */
const look = (...args: readonly string[]) => runHere(...args, '--storage', storage());

/** A module that leaves a file behind when it is loaded. */
const traced = (): string => `import { writeFileSync } from 'node:fs';
import { float, space } from ${JSON.stringify(search)};
writeFileSync(${JSON.stringify(at('loaded'))} + process.pid, '');
export default { space: space({ x: float(0, 1) }), objectives: ['minimize x'], objective: ({ config }) => config.x };
`;
const loads = (): number => readdirSync(at()).filter((name) => name.startsWith('loaded')).length;
const digest = (): string =>
  `sha256:${createHash('sha256')
    .update(readFileSync(at('study.mjs')))
    .digest('hex')}`;

beforeAll(async () => {
  writeFileSync(at('study.mjs'), traced());
  const made = await run('study', 'create', 'lr', at('study.mjs'), '--trials', '2');
  if (made.code !== 0) throw new Error(made.stderr);
});

describe('a module that a storage names', () => {
  test.each([
    ['worker', ['worker', '--study', 'lr']],
    ['study resume', ['study', 'resume', 'lr']],
  ])('is not run by %s unless the user says so, and is shown with its digest', async (_, args) => {
    const before = loads();
    const { code, stdout, stderr } = await run(...args);
    expect(stderr).toBe(
      `espalier: the storage names the module ${at('study.mjs')}, and anybody who writes the storage can: look at it, ` +
        'then name it (espalier study resume lr FILE, or espalier worker --study lr --source FILE) ' +
        `or give --trust=${digest()}\n`,
    );
    expect(stdout).toBe('');
    expect(code).toBe(2);
    expect(loads()).toBe(before);
  });

  test('is not run by what only looks', async () => {
    const before = loads();
    for (const command of ['status', 'best', 'trials', 'list']) {
      expect((await look('study', command)).code).toBe(0);
    }
    expect(loads()).toBe(before);
  });

  test('is not run when it is another than the digest says', async () => {
    const before = loads();
    for (const args of [['study', 'resume', 'lr'], ['study', 'resume', 'lr', at('study.mjs')], ['worker']]) {
      const { code, stderr } = await run(...args, `--trust=sha256:${'0'.repeat(64)}`);
      expect(stderr).toContain(`it is not the file that --trust names but ${digest()}`);
      expect(code).toBe(2);
    }
    expect((await look('study', 'resume', '--trust', 'lr')).stderr).toMatch(/'lr' is no digest/u);
    expect(loads()).toBe(before);
  });

  test.each<readonly [string, () => readonly string[]]>([
    ['--trust', () => ['--trust']],
    ['its digest', () => [`--trust=${digest()}`]],
    ['its name', () => [at('study.mjs')]],
    ['--trust, for several processes', () => ['--trust', '--processes', '2']],
    ['its digest, for several processes', () => [`--trust=${digest()}`, '--processes', '2']],
    ['its name, for several processes', () => [at('study.mjs'), '--processes', '2']],
  ])('is run by %s', async (_, how) => {
    const [before, trials] = [loads(), JSON.parse((await look('study', 'trials', '--json')).stdout) as unknown[]];
    const goal = String(trials.length + 2);
    const { code, stderr } = await run('study', 'resume', 'lr', ...how(), '--trials', goal, '--quiet');
    expect(code, stderr).toBe(0);
    expect(loads()).toBe(before + (how().includes('--processes') ? 3 : 1));
  });

  test('is run by the command that is printed to go on, and by that only because it names it', async () => {
    const made = await run('study', 'run', 'printed', at('study.mjs'), '--trials', '1', '--processes', '1');
    expect(made.code, made.stderr).toBe(0);
    const { resume } = JSON.parse(made.stderr.trimEnd().split('\n').at(-1) ?? '') as { readonly resume: string };
    expect(resume).toBe(
      `npx espalier study resume printed ${at('study.mjs')} --storage ${storage()} --trials 2 --processes 1`,
    );
    const again = await espalier(resume.split(' ').slice(2));
    expect(again.code, again.stderr).toBe(0);
  });

  test('is not found by a path that depends on where one is', async () => {
    expect(existsSync(at('study.mjs'))).toBe(true);
    const { openStorage } = await import('@espalier/search');
    const opened = await openStorage(storage());
    const record = await opened.readStudy('lr');
    await opened.createStudy({
      ...(record as never as object),
      name: 'relative',
      attributes: { task: { kind: 'module', path: 'study.mjs' } },
    } as never);
    await opened.createStudy({
      ...(record as never as object),
      name: 'damaged',
      attributes: { task: { kind: 'recipe', recipe: { name: 3 } } },
    } as never);
    await opened.close();
    expect((await look('study', 'resume', 'relative', '--trust')).stderr).toMatch(/does not say what its trials do/u);
    const damaged = await look('study', 'resume', 'damaged');
    expect(damaged.stderr).toMatch(/^espalier: the recipe of study 'damaged' is damaged: name: is 3: give a text\n$/u);
    expect(damaged.code).toBe(1);
  });
});
