import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('file');

beforeAll(() => {
  // Another copy of the search package, as a project has that installs its own.
  const copy = at('node_modules/@espalier/search');
  const own = fileURLToPath(new URL('../../../../packages/search/', import.meta.url));
  mkdirSync(copy, { recursive: true });
  cpSync(`${own}dist`, `${copy}/dist`, { recursive: true });
  cpSync(`${own}package.json`, `${copy}/package.json`);
});

let count = 0;
/** A module of its own name, so that none is loaded for another. */
function written(body: string, ending = 'mjs'): string {
  const file = at(`study-${(count += 1)}.${ending}`);
  writeFileSync(file, body);
  return file;
}
const study = (fields: string): string =>
  `import { float, space, random, medianStopping, choice } from '@espalier/search';\nexport default { ${fields} };\n`;
const space = 'space: space({ x: float(0, 1), inner: space({ y: choice([1, 2]) }) })';
const rest = "objectives: ['minimize loss'], objective: ({ config }) => config.x";

describe('a study module', () => {
  test('of another copy of the search package is as one of this', async () => {
    const file = written(study(`${space}, ${rest}, strategy: random(), earlyStopping: medianStopping()`));
    const { code, stdout, stderr } = await espalier([
      'study',
      'run',
      'other',
      file,
      '--trials',
      '4',
      '--storage',
      'memory:',
      '--json',
    ]);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      counts: { complete: 4 },
      strategy: 'random',
      best: { config: { inner: {} } },
    });
  });

  test('of another copy prunes and fails trials by its own errors', async () => {
    const file = written(
      `import { float, space, TrialFailure, TrialPruned } from '@espalier/search';
export default { space: space({ x: float(0, 1) }), objectives: ['minimize loss'], objective: ({ number }) => {
  if (number === 0) throw new TrialPruned();
  if (number === 1) throw new TrialFailure('nan', 'it diverged');
  return 1;
} };`,
    );
    const args = ['study', 'run', 'errors', file, '--trials', '3', '--storage', 'memory:', '--json'];
    const { stdout } = await espalier(args);
    expect(JSON.parse(stdout)).toMatchObject({
      counts: { complete: 1, pruned: 1, failed: 1 },
      lastFailure: { number: 1, kind: 'nan', message: 'it diverged' },
    });
  });

  test.each(['ts', 'mts'])('may be TypeScript (.%s), with what only a compiler understands', async (ending) => {
    const file = written(
      `import { float, space, type Trial } from '@espalier/search';
import { scale } from './scale.${ending}';
enum Direction { Down = 'minimize' }
const objective = async (trial: Trial<{ readonly x: number }>): Promise<number> => trial.config.x * scale;
export default { space: space({ x: float(0, 1) }), objectives: [\`\${Direction.Down} loss\`], objective } satisfies object;`,
      ending,
    );
    writeFileSync(at(`scale.${ending}`), 'export const scale: number = 2;');
    const args = ['study', 'run', ending, file, '--trials', '2', '--processes', '1', '--json'];
    const { code, stdout, stderr } = await espalier([...args, '--storage', `sqlite:${at(`${ending}.db`)}`]);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ counts: { complete: 2 }, objectives: ['minimize loss'] });
  });

  test.each<readonly [string, string, RegExp]>([
    ['no default export', 'export const a = 1;', /it has no default export: export default \{/u],
    ['a default that is none', 'export default 3;', /its default export is 3: /u],
    ['a space that is none', study(`space: { x: 1 }, ${rest}`), /'space' is an object: give a space, made by space\(/u],
    ['no space', study(rest), /it has no 'space': give a space/u],
    [
      'objectives that are a text',
      study(`${space}, objectives: 'minimize x', objective: () => 1`),
      /'objectives' is 'minimize x': give a list/u,
    ],
    ['no objectives', study(`${space}, objectives: [], objective: () => 1`), /'objectives' is empty: give a list/u],
    [
      'an objective that is none',
      study(`${space}, objectives: ['minimize x'], objective: 3`),
      /'objective' is 3: give a function/u,
    ],
    [
      'a strategy that was not called',
      study(`${space}, ${rest}, strategy: 7`),
      /'strategy' is 7: give a strategy such as tpe\(\)/u,
    ],
    [
      'constraints that are none',
      study(`${space}, ${rest}, constraints: [1]`),
      /'constraints' is an array: give a list of texts/u,
    ],
    [
      'a mistyped field',
      study(`${space}, ${rest}, constraint: []`),
      /no field 'constraint': did you mean 'constraints'\?/u,
    ],
    ['a value without end', study(`space: 'x'.repeat(1e6), ${rest}`), /'space' is 'x+…': give a space/u],
    ['no package', "import 'no-such-package';", /cannot be loaded: .*no-such-package/u],
    ['no syntax', 'export default {', /cannot be loaded: SyntaxError/u],
    ['no syntax of TypeScript', 'export default {', /cannot be loaded: .*Unexpected token, at .*:1:\d+/u],
  ])('with %s is refused by what is wrong', async (name, body, words) => {
    const file = written(body, name.includes('TypeScript') ? 'ts' : 'mjs');
    const args = ['study', 'run', 'x', file, '--trials', '1', '--storage', 'memory:', '--quiet'];
    const { code, stderr } = await espalier(args);
    expect(stderr).toMatch(words);
    expect(stderr).toMatch(/^espalier: [^\n]*study-\d+\.m?[jt]s[^\n]*\n$/u);
    expect(stderr.length).toBeLessThan(600);
    expect(code).toBe(2);
  });

  test('that never ends loading is told as that', async () => {
    const file = written('await new Promise(() => {}); export default 1;', 'mjs');
    const { code, stderr } = await espalier(['study', 'run', 'x', file, '--storage', 'memory:', '--quiet']);
    expect(stderr).toBe(
      'espalier: it waits for a promise that nothing settles: look for one in the module of the study, or in a plugin\n',
    );
    expect(code).toBe(1);
  });
});
