import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';
import { tinyRecipe, writeTinyImages } from '../helpers/tiny-images.ts';
import { writeTinyCandidate, writeTinyModel } from '../helpers/tiny-model.ts';

const at = scratch('file');

beforeAll(async () => {
  writeTinyImages(at('images'), 30, 20);
  await writeTinyModel(at('model'));
  writeTinyCandidate(at('candidate.yaml'));
  writeFileSync(at('tiny.yaml'), tinyRecipe(at('images'), at('out')));
  writeFileSync(at('not.db'), 'no database');
  writeFileSync(at('not.jsonl'), 'no journal\n');
  writeFileSync(at('empty.yaml'), '');
  writeFileSync(at('broken.yaml'), 'a: [1, 2');
  writeFileSync(at('list.yaml'), '- 1\n- 2\n');
  writeFileSync(at('null.yaml'), 'search: null\n');
  writeFileSync(at('large.yaml'), 'x'.repeat(3_000_000));
  writeFileSync(at('binary.yaml'), Buffer.from([0, 255, 254, 1, 2, 3]));
  writeFileSync(at('text.txt'), 'text');
  mkdirSync(at('void'));
  // Models that are damaged, each in one way.
  const models: Readonly<Record<string, Readonly<Record<string, string | Buffer>>>> = {
    weightless: { 'config.json': '{}' },
    empty: { 'config.json': '', 'model.safetensors': '' },
    truncated: { 'config.json': '{"version":1,"model":{"type":"sequential"', 'model.safetensors': '' },
    other: { 'config.json': '{"architectures":["Bert"]}', 'model.safetensors': '' },
    layers: { 'config.json': '{"version":1,"model":{"type":"nothing"}}', 'model.safetensors': 'x' },
    numbers: {
      'config.json': '{"version":1,"model":{"type":"linear","in":-1,"out":"x"}}',
      'model.safetensors': 'xxxxxxxxxx',
    },
    weights: { 'config.json': '{"version":1,"model":{"type":"relu"}}', 'model.safetensors': Buffer.alloc(64, 255) },
    foreign: {
      'config.json': '{"version":1,"model":{"type":"linear","in":2,"out":2}}',
      'model.safetensors': Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{}')]),
    },
  };
  for (const [name, files] of Object.entries(models)) {
    mkdirSync(at(name));
    for (const [file, content] of Object.entries(files)) writeFileSync(join(at(name), file), content);
  }
});

/** Command lines that are wrong. */
const lines: readonly string[] = [
  // No such command, option or argument.
  'runn',
  'studdy',
  'study',
  'study rum',
  'run a b',
  'search a b',
  'train',
  'train a b',
  'prune',
  'prune @model',
  'optimize',
  'optimize @model --goal x',
  'quantize',
  'distill @model',
  'distill @model -o @x',
  'eval',
  'eval a b',
  'inspect',
  'inspect a b',
  'devices x',
  'worker x',
  'run --nope',
  'eval @model --nope',
  'study run',
  'study create',
  'study export',
  'study import',
  'study retry',
  'study compare',
  'study status a b',
  'help nope',
  '--nope',
  '-x',
  'run -o',
  'run --seed',
  'study list --storage',
  // Values that are none.
  'run --seed -1',
  'run --seed 1.5',
  'run --seed 1e3',
  'run --seed NaN',
  'run --seed 99999999999999999999',
  'run --trials 0',
  'run --trials -1',
  'run --trials ten',
  'run --strategy annealing',
  'run --device gpu',
  'prune @model -o @x --sparsity 0',
  'prune @model -o @x --sparsity 1',
  'prune @model -o @x --sparsity NaN',
  'prune @model -o @x --sparsity 2',
  'prune @model -o @x --method biggest',
  'prune @model -o @x --scope all',
  'prune @model -o @x --epochs 0',
  'prune @model -o @x --lr 0',
  'prune @model -o @x --lr Infinity',
  'prune @model -o @x --batch 0',
  'quantize @model -o @x --weights int5',
  'quantize @model -o @x --granularity row',
  'distill @model --student @candidate.yaml -o @x --size 0',
  'distill @model --student @candidate.yaml -o @x --alpha 2',
  'distill @model --student @candidate.yaml -o @x --temperature 0',
  'train @candidate.yaml -o @x --epochs 0.5',
  'run --overwrite --resume',
  'train @candidate.yaml -o @x --resume --overwrite',
  // Files that are not there, or not what they should be.
  'run @none.yaml',
  'run @void',
  'run @empty.yaml',
  'run @broken.yaml',
  'run @list.yaml',
  'run @null.yaml',
  'run @large.yaml',
  'run @binary.yaml',
  'run /dev/zero',
  'search @none.yaml',
  'train @none.yaml -o @x',
  'train @tiny.yaml -o @x',
  'train @text.txt -o @x',
  'run @tiny.yaml --data @none',
  'run @tiny.yaml --data @void',
  'run --data @text.txt',
  'eval @none',
  'eval @void',
  'eval @text.txt',
  'eval @weightless',
  'inspect @weightless',
  'inspect @empty',
  'inspect @truncated',
  'inspect @other',
  'inspect @layers',
  'inspect @numbers',
  'inspect @weights',
  'inspect @foreign',
  'prune @weightless -o @x',
  'quantize @void -o @x',
  'distill @model --student @none.yaml -o @x',
  'distill @void --student @candidate.yaml -o @x',
  // Outputs that cannot be.
  'run @tiny.yaml -o @text.txt',
  'run @tiny.yaml -o @text.txt/x',
  'run @tiny.yaml -o /dev/null',
  'run @tiny.yaml -o /proc/x',
  'quantize @model -o @model --device cpu',
  'quantize @model -o @images --device cpu',
  'run @tiny.yaml -o @images',
  'run @tiny.yaml --resume -o @new',
  // Studies.
  'study list --storage nothing',
  'study list --storage sqlit:x',
  'study list --storage SQLITE:x',
  'study list --storage sqlite:',
  'study list --storage sqlite:@none.db',
  'study list --storage sqlite:@void',
  'study status --storage journal:@none.jsonl',
  'study create x --storage memory:',
  'study create x --storage sqlite:/proc/x/y.db',
  'study run x @none.mjs',
  'study run x @text.txt',
  'study run x @void',
  'study run x --strategy annealing',
  'study run x --strategy-options {}',
  'study run x --strategy tpe --strategy-options [1]',
  'study run x --strategy tpe --strategy-options {"nope":1}',
  'study run x --early-stopping never',
  'study run x --duplicates maybe',
  'study run x --retries -1',
  'study run x --trials 0',
  'study run x --time 0',
  'study run x --cost -1',
  'study run x --patience 0',
  'study run x --failures x',
  'study run x --target nope --storage memory:',
  'study run x --target acuracy>=1 --storage memory:',
  'study run x --workers 0',
  'study run x --processes 2 --storage memory:',
  'study resume x --trust y',
  'study import @none.db',
  'study import @text.txt --storage sqlite:@fresh.db',
  'study export x -o @x.nope --storage sqlite:@not.db',
  'worker --storage sqlite:@none.db',
  'worker --storage memory:',
  'study watch --storage sqlite:@none.db',
];

/** The words of a line; one that begins with `@` is a path in the folder of these tests. */
function argumentsOf(line: string): readonly string[] {
  return line.split(' ').map((word) => word.replace(/@([\w.-]+)/u, (_, name: string) => at(name)));
}

describe('a wrong command line is told in one short line, with a code that says whose mistake it is', () => {
  test.each(lines)('%s', async (line) => {
    const args = argumentsOf(line);
    const { code, stdout, stderr } = await runHere(...args);
    // Where no command is named, there is the help.
    if (line === 'study' || line === 'help nope') expect(stderr).toContain('Usage: espalier');
    else expect(stderr).toMatch(/^(?:device: [^\n]*\n)?(?:(?!espalier:)[^\n]*\n)*espalier: [^\n]{10,700}\n$/u);
    expect(stderr).not.toMatch(/^\s+at |internal error|\[object|undefined/mu);
    expect(stdout).toBe('');
    expect(code, stderr).toBe(2);
  });

  test.each([
    'eval @empty --data @images --device cpu',
    'eval @layers --data @images --device cpu',
    'eval @foreign --data @images --device cpu',
    'quantize @numbers -o @x --data @images --device cpu',
  ])('%s, which a worker thread finds out', async (line) => {
    const { code, stdout, stderr } = await espalier([...argumentsOf(line), '--quiet']);
    expect(stderr).toMatch(/^espalier: [^\n]{10,700}\n$/u);
    expect(stdout).toBe('');
    expect(code, stderr).toBe(2);
  });

  test('there are more than a hundred of them', () => {
    expect(new Set(lines).size).toBeGreaterThan(100);
  });

  test.each([
    ['study list --storage sqlite:@not.db', 'a database that is none'],
    ['study list --storage journal:@not.jsonl', 'a journal that is none'],
  ])('%s: %s', async (line) => {
    const { code, stderr } = await runHere(...argumentsOf(line));
    expect(stderr).toMatch(/^espalier: [^\n]{10,500}\n$/u);
    expect([1, 2]).toContain(code);
  });

  test('a target that no trial tells is refused with the one that was meant, and no study is made', async () => {
    const args = [
      'study',
      'run',
      'x',
      at('tiny.yaml'),
      '--storage',
      `sqlite:${at('target.db')}`,
      '--target',
      'acuracy >= 0.9',
    ];
    const { code, stderr } = await runHere(...args);
    expect(stderr).toBe("espalier: --target: no trial tells 'acuracy': did you mean 'accuracy'? use one of accuracy\n");
    expect(code).toBe(2);
    expect((await runHere('study', 'list', '--storage', `sqlite:${at('target.db')}`)).stderr).toMatch(/no such file/u);
  });
});
