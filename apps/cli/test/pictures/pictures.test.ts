// From pictures by class to a small model that tells them apart, and from that to predictions.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { shapes, writePictureFolder } from '../helpers/picture-folder.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';
import { writePng } from '../helpers/write-png.ts';

interface Judged {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly weightBytes?: number;
}

const at = scratch('file');

const run = (...args: readonly string[]): ReturnType<typeof espalier> =>
  espalier(['run', '--device', 'cpu', '--trials', '1', '--json', '--quiet', '--seed', '3', ...args]);

const judgedOf = (stdout: string): readonly Judged[] =>
  (JSON.parse(stdout) as { readonly judged: readonly Judged[] }).judged;

const bytesOf = (...parts: readonly string[]): Buffer => readFileSync(at(...parts));

/** Every row of a CSV, by fields. */
const rowsOf = (csv: string): readonly (readonly string[])[] =>
  csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

describe('a folder of coloured pictures of mixed sizes', () => {
  let judged: readonly Judged[] = [];

  beforeAll(async () => {
    // Shapes that are easy to tell, since there is little time to learn.
    await writePictureFolder(at('shapes'), { count: 24, sides: [12, 20], noise: 10 });
    const { code, stdout, stderr } = await run('--data', at('shapes'), '--size', '12', '-o', at('out'));
    if (code !== 0) throw new Error(stderr);
    judged = judgedOf(stdout);
  });

  test('is learnt, judged beside the majority, made smaller and reported', () => {
    expect(judged.map(({ name }) => name)).toEqual(['model', 'small', 'majority']);
    const [model, small, majority] = judged as [Judged, Judged, Judged];
    expect(majority.metrics['accuracy']).toBeCloseTo(1 / 3, 1);
    expect(model.metrics['accuracy']).toBeGreaterThan(Number(majority.metrics['accuracy']));
    expect(small.weightBytes).toBeLessThan(Number(model.weightBytes));
    const page = bytesOf('out', 'report.html').toString();
    for (const shape of shapes) expect(page).toContain(`>${shape}<`);
  });

  test('leaves how pictures are prepared with the model, and a recipe that names how they were changed', () => {
    const { metadata } = JSON.parse(bytesOf('out', 'small', 'config.json').toString()) as {
      readonly metadata: { readonly preparation: object };
    };
    expect(metadata.preparation).toMatchObject({ source: 'pictures', size: 12, colour: 'colour', classes: shapes });
    const recipe = bytesOf('out', 'recipe.yaml').toString();
    expect(recipe).toMatch(/source: pictures/u);
    expect(recipe).toMatch(/augment:\n +- type: flip/u);
  });

  test('is predicted by name, class and probability, the same for a folder and for one file', async () => {
    const { code, stdout } = await espalier(['predict', at('out', 'small'), '--data', at('shapes'), '--device', 'cpu']);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe('file,class,probability_disc,probability_square,probability_triangle');
    const rows = rowsOf(stdout);
    expect(rows).toHaveLength(72);
    for (const [, shape, ...shares] of rows) {
      expect(shapes).toContain(shape);
      expect(shares.map(Number).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
    }
    const [name = '', ...told] = rows.find(([file]) => file?.includes('ein Bild ñ') === true) ?? [];
    const single = await espalier(['predict', at('out', 'small'), '--data', at('shapes', name), '--device', 'cpu']);
    const [, ...alone] = rowsOf(single.stdout)[0] ?? [];
    expect(alone[0]).toBe(told[0]);
    for (const [index, share] of alone.slice(1).entries())
      expect(Number(share)).toBeCloseTo(Number(told[index + 1]), 5);
  });

  test('is judged on other pictures, as they were prepared in training', async () => {
    const { code, stdout } = await espalier([
      'eval',
      at('out', 'model'),
      '--data',
      at('shapes'),
      '--device',
      'cpu',
      '--json',
    ]);
    expect(code).toBe(0);
    const { examples, judgement } = JSON.parse(stdout) as { readonly examples: number; readonly judgement: Judged };
    expect(examples).toBe(72);
    const csv = await espalier(['predict', at('out', 'model'), '--data', at('shapes'), '--device', 'cpu']);
    const right = rowsOf(csv.stdout).filter(([file, shape]) => file?.startsWith(`${shape}/`)).length;
    expect(judgement.metrics['accuracy']).toBeCloseTo(right / 72, 10);
  });

  test('is learnt to the same bytes by who is stopped and goes on', async () => {
    let asked = false;
    const args = ['run', '--device', 'cpu', '--trials', '1', '--seed', '3', '--size', '12', '--data', at('shapes')];
    const stopped = await espalier([...args, '-o', at('again')], {
      onStderr: (text, kill) => {
        if (asked || !/train the winner: \d+ %/u.test(text)) return;
        asked = true;
        kill('SIGINT');
      },
    });
    expect(stopped.code).toBe(130);
    const { code } = await espalier([...args, '-o', at('again'), '--resume', '--quiet']);
    expect(code).toBe(0);
    for (const name of ['model', 'small'])
      expect(bytesOf('again', name, 'model.safetensors').equals(bytesOf('out', name, 'model.safetensors'))).toBe(true);
  });
});

/** The pictures of IDX files as PNG files, by part and class. */
async function writePngs(idx: string, folder: string): Promise<void> {
  for (const [name, part] of [
    ['train', 'train'],
    ['t10k', 'test'],
  ] as const) {
    const images = readFileSync(join(idx, `${name}-images-idx3-ubyte`));
    const labels = readFileSync(join(idx, `${name}-labels-idx1-ubyte`)).subarray(8);
    const [height, width] = [images.readUInt32BE(8), images.readUInt32BE(12)];
    const size = height * width;
    for (const [index, label] of labels.entries()) {
      const pixels = images.subarray(16 + index * size, 16 + (index + 1) * size);
      await writePng(join(folder, part, String(label), `${String(index).padStart(5, '0')}.png`), pixels, width, height);
    }
  }
}

test('the same pictures in IDX files and as PNG files are the same model, to the byte', async () => {
  writeTinyImages(at('idx'), 60, 20, 3);
  await writePngs(at('idx'), at('png'));
  const told = await Promise.all(
    ['idx', 'png'].map(async (name) => {
      const { code, stdout, stderr } = await run('--data', at(name), '-o', at(`out-${name}`));
      expect(code, stderr).toBe(0);
      return judgedOf(stdout);
    }),
  );
  expect(told[1]).toEqual(told[0]);
  for (const model of ['model', 'small'])
    for (const file of ['model.safetensors', 'config.json'])
      expect(bytesOf('out-png', model, file).equals(bytesOf('out-idx', model, file))).toBe(true);
});

describe('espalier data', () => {
  beforeAll(async () => {
    await writePictureFolder(at('told'), { count: 4, sides: [9, 12], noise: 5 });
    copyFileSync(at('told', 'disc', '0001.jpg'), at('told', 'disc', 'copy.jpg'));
    writeFileSync(at('told', 'square', 'broken.png'), 'no picture');
    mkdirSync(at('told', 'void'));
  });

  test('shows classes, sizes, what is damaged, copies and the parts', async () => {
    const { code, stdout } = await runHere('data', at('told'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/disc +5 +4 +1\n/u);
    expect(stdout).toMatch(/damaged\n +.*broken\.png: at byte 0: cannot be decoded/u);
    expect(stdout).toMatch(/without pictures\n +.*void/u);
    expect(stdout).toContain('1 pictures are copies of others');
    expect(stdout).toMatch(/nothing can be learnt from it as it is: .*broken\.png/u);
    expect(stdout).toMatch(/to judge by; read as 8 × 8 pixels, in colour/u);
  });

  test('tells the same to scripts', async () => {
    const { stdout } = await runHere('data', at('told'), '--json', '--size', '16');
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'pictures', pictures: 14, size: 16, copies: 1, isParted: false });
  });
});

describe('before anything is begun', () => {
  /** A folder with so many pictures of each class. */
  const folder = (name: string, counts: Readonly<Record<string, number>>): string => {
    const from = at('shapes', 'disc');
    const files = readdirSync(from).filter((file) => file.endsWith('.png'));
    for (const [value, count] of Object.entries(counts)) {
      mkdirSync(at(name, value), { recursive: true });
      for (const file of files.slice(0, count)) copyFileSync(join(from, file), at(name, value, file));
    }
    return at(name);
  };

  test.each<readonly [string, () => readonly string[], RegExp]>([
    ['a single class', () => [folder('one', { a: 4 })], /all pictures are of the class 'a'/u],
    ['a class without pictures', () => [folder('void', { a: 4, b: 4, c: 0 })], /c: this class has no pictures/u],
    [
      'a class of one picture',
      () => [folder('single', { a: 6, b: 1 })],
      /the class 'b' has one picture: give at least two/u,
    ],
    ['few pictures', () => [folder('few', { a: 4, b: 4 })], /give at least 20/u],
    ['a broken picture', () => [at('told')], /broken\.png: at byte 0: .*espalier data .*told shows all/u],
    ['a column', () => [at('shapes'), '--column', 'a=number'], /--column: it is of a table/u],
    ['a strategy', () => [at('shapes'), '--strategy', 'greedy'], /leave it out/u],
    ['a side of 4 pixels', () => [at('shapes'), '--size', '4'], /8 to 224 pixels a side/u],
    ['a picture alone', () => [at('shapes', 'disc', '0001.jpg')], /is one picture, without a class/u],
  ])('%s is refused', async (_, line, problem) => {
    const { code, stderr } = await runHere('run', '--data', ...line());
    expect(code).toBe(2);
    expect(stderr).toMatch(problem);
    expect(existsSync(join('runs', 'shapes'))).toBe(false);
  });
});

test('a recipe names pictures with their options, and how they are changed in training', async () => {
  writeTinyImages(at('recipe-idx'), 60, 20, 3);
  const recipe = (augment: string): string => `
name: pictures
seed: 3
device: cpu
output: ${JSON.stringify(at('from-recipe'))}
data:
  source: pictures
  options: { path: ${JSON.stringify(at('recipe-idx'))}, seed: 3, augment: ${augment} }
  validation: 10
search:
  trials: 2
  population: 1
  images: 40
  epochs: 2
  space:
    architecture: { conv-net: { stages: 1, channels: 4, activation: relu, batchNorm: true, dropout: 0 } }
    training: { optimizer: { adam: { lr: [0.003, 0.01] } }, batch: 20 }
`;
  writeFileSync(at('wrong.yaml'), recipe('[{ type: blur }]'));
  const wrong = await runHere('search', at('wrong.yaml'));
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toMatch(/options\.augment|source pictures: augment/u);
  writeFileSync(at('right.yaml'), recipe('[{ type: crop, by: 1 }, { type: mix-up, alpha: 0.2 }]'));
  const { code, stderr } = await espalier(['search', at('right.yaml'), '--quiet']);
  expect(code, stderr).toBe(0);
  rmSync(at('recipe-idx'), { recursive: true });
});
