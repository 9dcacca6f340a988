// Models in files asked about tables of numbers and pictures by class, which they say nothing of.
import { readFileSync, writeFileSync } from 'node:fs';
import { exportOnnx } from '@espalier/models';
import { writeFileBy } from '@espalier/models/node';
import { build, type Module, type ModuleConfig } from '@espalier/nn';
import { openDevice } from '@espalier/pipeline';
import { tensor } from '@espalier/tensor';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { refused, runBuilt } from '../helpers/commands.ts';
import { scratch } from '../helpers/scratch.ts';
import { writePng } from '../helpers/write-png.ts';

const at = scratch('file');

const rows = Array.from({ length: 40 }, (_, row) => [Math.sin(row), Math.cos(2 * row), row % 3] as const);
const inputs = rows.map(([a, b]) => [a, b]);
const names = ['high', 'low', 'middle'] as const;
let classes: Module;
let numbers: Module;
let pictures: Module;

function table(name: string, head: string, cells: (row: (typeof rows)[number]) => readonly unknown[]): string {
  writeFileSync(at(name), `${[head, ...rows.map((row) => cells(row).join(','))].join('\n')}\n`);
  return at(name);
}

async function write(name: string, config: ModuleConfig, input: readonly number[]): Promise<Module> {
  const model = build(config, { seed: 2 }).eval();
  await writeFileBy(at(name), (sink) => exportOnnx(model, sink, { input }));
  return model;
}

beforeAll(async () => {
  await openDevice('cpu');
  classes = await write('classes.onnx', { type: 'linear', in: 2, out: 3 }, [2]);
  numbers = await write('numbers.onnx', { type: 'linear', in: 2, out: 1 }, [2]);
  pictures = await write('pictures.onnx', { type: 'sequential', layers: [{ type: 'flatten' }, { type: 'linear', in: 192, out: 2 }] }, [3, 8, 8]); // prettier-ignore
});

interface Assessed {
  readonly judgement: { readonly name: string; readonly metrics: Readonly<Record<string, number>> };
  readonly examples: number;
}

describe('a table', () => {
  test('is judged by columns of numbers in their order, and by classes in the order of their values', async () => {
    const file = table('rows.csv', 'id,a,b,class', ([a, b, right]) => [`n${a}`, a, b, names[right]]);
    const told = ['--data', file, '--target', 'class', '--column', 'id=ignore'];
    const { judgement, examples } = (await runBuilt('eval', at('classes.onnx'), ...told)) as unknown as Assessed;
    expect(judgement.name).toBe(at('classes.onnx'));
    expect(examples).toBe(40);
    const said = classes.call(tensor(inputs)).logSoftmax(1).arraySync() as number[][];
    const losses = rows.map(([, , right], row) => -(said[row]?.[right] ?? NaN));
    expect(judgement.metrics['logLoss']).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / 40, 5);
    const best = classes.call(tensor(inputs)).argmax(1).arraySync() as number[];
    expect(judgement.metrics['accuracy']).toBeCloseTo(rows.filter(([, , right], row) => best[row] === right).length / 40); // prettier-ignore
    const made = await runBuilt(
      'quantize',
      at('classes.onnx'),
      ...told,
      '--activations',
      'static',
      '-o',
      at('small.onnx'),
    );
    expect(made).toMatchObject({ before: { images: 8, trainImages: 32 } });
  });

  test('of numbers is judged in their unit', async () => {
    const file = table('numbers.csv', 'a,b,price', ([a, b, right]) => [a, b, right]);
    const { judgement } = (await runBuilt('eval', at('numbers.onnx'), '--data', file, '--target', 'price')) as unknown as Assessed; // prettier-ignore
    const said = numbers.call(tensor(inputs)).arraySync() as number[][];
    const off = rows.map(([, , right], row) => Math.abs(right - (said[row]?.[0] ?? NaN)));
    expect(judgement.metrics['mae']).toBeCloseTo(off.reduce((sum, each) => sum + each, 0) / 40, 5);
    await refused('judged and predicted, and not learnt', 'prune', at('numbers.onnx'), '--data', file, '--target', 'price', '--sparsity', '0.5', '-o', at('x.onnx')); // prettier-ignore
  });

  test('is predicted, with classes by what is told', async () => {
    const file = table('new.csv', 'a,b', ([a, b]) => [a, b]);
    await runBuilt('predict', at('classes.onnx'), '--data', file, '--classes', names.join(','), '-o', at('said.csv'));
    const [head, ...lines] = readFileSync(at('said.csv'), 'utf8').trimEnd().split('\n');
    expect(head).toBe('class,probability_high,probability_low,probability_middle');
    const shares = classes.call(tensor(inputs)).softmax(1).arraySync() as number[][];
    for (const [row, line] of lines.entries()) {
      const [name, ...each] = line.split(',');
      expect(name).toBe(names[(shares[row] ?? []).indexOf(Math.max(...(shares[row] ?? [])))]);
      expect(each.map(Number).every((share, index) => Math.abs(share - (shares[row]?.[index] ?? NaN)) < 1e-6)).toBe(
        true,
      );
    }
  });

  test.each([
    ['3 columns are inputs, and * takes 2 numbers: name what is right by --target', 'a,b,class', []],
    ["is no number, and this model takes numbers: leave the column out by --column b=ignore", 'a,b,c,class', ['--target', 'class', '--column', 'c=ignore'], 'text'], // prettier-ignore
    ["has 40 different values", 'a,b,class', ['--target', 'class'], 'many'], // prettier-ignore
    ['--classes: 2 are named, and the model tells 3 apart', 'a,b,class', ['--target', 'class', '--classes', 'x,y']],
    ['has no column "clas"', 'a,b,class', ['--target', 'clas']],
    ['--mean: it is of pictures', 'a,b,class', ['--target', 'class', '--mean', '0.5']],
  ] as const)('is refused: %s', async (problem, head, told, how?: string) => {
    const count = head.split(',').length;
    const file = table('wrong.csv', head, ([a, b, right]) => [a, how === 'text' ? `b${b}` : b, ...(count === 4 ? [1] : []), how === 'many' ? a : names[right]]); // prettier-ignore
    const { code, stderr } = await espalier(['eval', at('classes.onnx'), '--data', file, ...told, '--device', 'cpu']);
    expect(stderr).toContain(problem.split('* ').at(-1));
    expect(code).toBe(2);
  });
});

describe('pictures', () => {
  test('become what the model takes', async () => {
    const greys = [0, 40, 90, 140, 200, 255];
    for (const [index, grey] of greys.entries())
      await writePng(at('flowers', index < 3 ? 'rose' : 'tulip', `${index}.png`), new Uint8Array(64).fill(grey), 8, 8);
    const told = ['--data', at('flowers'), '--mean', '0.5,0.4,0.3', '--std', '0.25'];
    const { judgement, examples } = (await runBuilt('eval', at('pictures.onnx'), ...told)) as unknown as Assessed;
    expect(examples).toBe(6);
    const channel = (mean: number) => (grey: number) => new Array<number>(64).fill((grey / 255 - mean) / 0.25);
    const pixels = greys.map((grey) => [0.5, 0.4, 0.3].flatMap((mean) => channel(mean)(grey)));
    const said = pictures
      .call(tensor(pixels).reshape(6, 3, 8, 8))
      .logSoftmax(1)
      .arraySync() as number[][];
    const losses = said.map((row, index) => -(row[index < 3 ? 0 : 1] ?? NaN));
    expect(judgement.metrics['logLoss']).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / 6, 4);
    await refused('nothing says which pictures it takes', 'eval', at('classes.onnx'), '--data', at('flowers'));
  });
});
