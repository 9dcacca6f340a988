/** Examples in arrays of NumPy: a file `.npz` with x and y, and perhaps with x_test and y_test. */
import { existsSync } from 'node:fs';
import { readTensor, type TensorSource } from '@espalier/models';
import { openTensorFile } from '@espalier/models/node';
import { split, tensorDataset, type Dataset } from '@espalier/nn';
import { registerSource, text, type Data, type DataSource, type SourceUse } from '@espalier/pipeline';
import type { Device } from '@espalier/tensor';
import { UsageError } from '../errors.ts';

interface ArraysOptions {
  readonly file: string;
}

/** The part that models are judged by, where the file parts nothing, and the seed that it is drawn by. */
const [testPart, testSeed] = [1 / 5, 0];

async function examples(
  source: TensorSource,
  [ofX, ofY]: readonly [string, string],
  device: Device,
  classes: number | undefined,
): Promise<Dataset> {
  const [x, y] = [await readTensor(source, ofX, { device }), await readTensor(source, ofY, { device })];
  const isWhole = y.dtype !== 'f32' && y.dtype !== 'f16' && y.dtype !== 'f64';
  if (x.rank < 2 || y.rank !== 1 || x.shape[0] !== y.shape[0] || !isWhole || (x.shape[0] ?? 0) < 2)
    throw new UsageError(
      `${source.name}: ${ofX} is ${x.dtype} [${x.shape.join(', ')}] and ${ofY} ${y.dtype} [${y.shape.join(', ')}]: give examples along the first axis, and a class of each as a whole number`,
    );
  return tensorDataset(x.dtype === 'u8' ? x : x.cast('f32'), y.cast('i32'), classes === undefined ? {} : { classes });
}

async function open({ file }: ArraysOptions, device: Device): Promise<Data> {
  const source = await openTensorFile(file);
  try {
    const missing = ['x', 'y'].find((name) => !source.tensors.has(name));
    if (missing !== undefined)
      throw new UsageError(`${file}: there is no array '${missing}' in it: give x, y, and perhaps x_test and y_test`);
    const all = await examples(source, ['x', 'y'], device, undefined);
    const labels = (await readTensor(source, 'y', { device })).cast('i32');
    const isParted = source.tensors.has('x_test') && source.tensors.has('y_test');
    const last = [labels, ...(isParted ? [(await readTensor(source, 'y_test', { device })).cast('i32')] : [])];
    const classes = 1 + Math.max(...last.map((each) => each.max().itemSync()));
    const input = (await all.batch([0])).x.shape.slice(1);
    if (isParted)
      return { train: all, test: await examples(source, ['x_test', 'y_test'], device, classes), input, classes };
    const count = Math.max(1, Math.round(all.size * testPart));
    const [train, test] = split(all, [all.size - count, count], { seed: testSeed }) as [Dataset, Dataset];
    return { train, test, input, classes };
  } finally {
    await source.close();
  }
}

/** Arrays of a file. */
const arraysSource: DataSource<ArraysOptions> = {
  name: 'arrays',
  options: { file: text },
  check: ({ file }) => {
    if (!existsSync(file)) throw new UsageError(`${file}: there is no such file`);
  },
  reads: ({ file }) => [file],
  open,
};

/** Makes `arrays` known, here or in a worker. */
export function registerArrays(): void {
  registerSource(arraysSource);
}

/** What `--data` names: a file of arrays by its ending, else what sources say. */
export function dataOf(given: string): SourceUse {
  if (!/[.]npz$/iu.test(given)) return given;
  registerArrays();
  return { source: arraysSource.name, options: { file: given } };
}
