/**
 * The nets for pictures beside the same ones in PyTorch: the same pictures decoded by us, the same initial weights, batches, rates and
 * steps, for several seeds. `npm run bench:pictures-torch -- --python PYTHON` with torch 2.13.0 and numpy in it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { galleryClasses, openGallery, preparedPictures, surveyPictures } from '@espalier/data/node';
import { AdamW, build, crossEntropy, fit, oneCycle, predict, shuffled, type Dataset } from '@espalier/nn';
import { architectureNamed } from '@espalier/pipeline';
import { device } from '@espalier/tensor';
import { writePictureFolder } from '../../../apps/cli/test/helpers/picture-folder.ts';

const { values: given } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    seeds: { type: 'string', default: '3' },
    count: { type: 'string', default: '1000' },
    epochs: { type: 'string', default: '20' },
  },
});
const [seeds, count, epochs] = [Number(given.seeds), Number(given.count), Number(given.epochs)];
const [batch, lr, weightDecay] = [16, 3e-3, 0.01];

/** The candidates that are compared. */
const nets: Readonly<Record<string, object>> = {
  'conv-net': { stages: 2, channels: 12, activation: 'relu', batchNorm: true, dropout: 0 },
  'residual-net': { stages: 3, blocks: 1, channels: 12, activation: 'relu', stem: 1 },
};

/** An array as NumPy's file of it: version 1.0, little-endian. */
function npy(data: Float32Array | Int32Array, shape: readonly number[]): Uint8Array {
  const type = data instanceof Float32Array ? '<f4' : '<i4';
  const head = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.map((size) => `${size},`).join(' ')}), }`;
  const padded = `${head.padEnd(64 * Math.ceil((head.length + 11) / 64) - 11)}\n`;
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length % 256, padded.length >> 8]);
  return Buffer.concat([start, Buffer.from(padded), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

/** The numbers of one that this script's counterpart wrote. */
function numbersIn(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(Uint8Array.from(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer);
}

const everything = (data: Dataset): Int32Array => Int32Array.from({ length: data.size }, (_, index) => index);

/** How many rows have their highest score at the right class. */
function right(scores: Float32Array, labels: ArrayLike<number>, width: number): number {
  return Array.from(labels).filter((label, row) => {
    const own = scores.subarray(row * width, (row + 1) * width);
    return own.indexOf(Math.max(...own)) === label;
  }).length;
}

/** The largest difference of two lists, by the largest number in the first. */
function apart(a: Float32Array, b: Float32Array): number {
  const most = a.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return a.reduce((largest, value, at) => Math.max(largest, Math.abs(value - (b[at] ?? NaN))), 0) / most;
}

const folder = mkdtempSync(join(tmpdir(), 'espalier-torch-'));
const cpu = await device('cpu');
const line = (cells: readonly (string | number)[]): void =>
  console.log(cells.map((cell) => String(cell).padEnd(14)).join(''));
line(['net', 'seed', 'ours', 'PyTorch', 'of', 'first step', 'last step']);
const sums = { ours: 0, torch: 0, of: 0 };
try {
  for (let seed = 1; seed <= seeds; seed++) {
    const pictures = join(folder, `shapes-${seed}`);
    await writePictureFolder(pictures, { count, seed });
    const gallery = await openGallery(pictures);
    const survey = await surveyPictures(gallery, { seed });
    const { size, colour, fit: fitting, mean, std } = survey;
    const preparation = {
      source: 'pictures',
      size,
      colour,
      fit: fitting,
      mean,
      std,
      classes: galleryClasses(gallery),
    } as const;
    const part = (numbers: Int32Array): Dataset =>
      preparedPictures(
        Array.from(numbers).flatMap((index) => gallery.pictures.slice(index, index + 1)),
        preparation,
        { device: cpu },
      );
    const [train, test] = [part(survey.train), part(survey.test)];
    const [learnt, judged] = [await train.batch(everything(train)), await test.batch(everything(test))];
    const labels = await judged.y.data();
    const stepsPerEpoch = Math.ceil(train.size / batch);
    const totalSteps = stepsPerEpoch * epochs;
    const schedule = oneCycle();
    for (const [name, options] of Object.entries(nets)) {
      const place = join(folder, `${name}-${seed}`);
      mkdirSync(place);
      const write = (file: string, data: Float32Array | Int32Array, shape: readonly number[]): void =>
        writeFileSync(join(place, `${file}.npy`), npy(data, shape));
      const shape = { input: [3, size, size], outputs: preparation.classes.length };
      const config = architectureNamed(name).model(options, 'kaiming-normal', shape);
      const model = build(config, { seed, device: cpu });
      const names: Record<string, string> = {};
      for (const [key, tensor] of model.state()) {
        names[key] = `weight-${Object.keys(names).length}`;
        write(names[key], Float32Array.from(await tensor.data()), tensor.shape);
      }
      write('x', Float32Array.from(await learnt.x.data()), learnt.x.shape);
      write('y', Int32Array.from(await learnt.y.data()), learnt.y.shape);
      write('test', Float32Array.from(await judged.x.data()), judged.x.shape);
      const batches = Array.from({ length: epochs }, (_, epoch) => {
        const order = Array.from(shuffled(train.size, seed, 'shuffle', epoch));
        return Array.from({ length: stepsPerEpoch }, (__, step) => order.slice(step * batch, (step + 1) * batch));
      }).flat();
      const rates = batches.map((_, step) => lr * schedule.at(step, { totalSteps, stepsPerEpoch }));
      writeFileSync(
        join(place, 'run.json'),
        JSON.stringify({ model: model.config(), names, batches, rates, weightDecay }),
      );
      const answers: Float32Array[] = [];
      const answer = async (): Promise<void> => {
        const outputs = await predict(model, test);
        answers.push(Float32Array.from(await outputs.data()));
        outputs.dispose();
      };
      await fit(model, train, {
        loss: crossEntropy,
        optimizer: new AdamW({ lr, weightDecay }),
        schedule,
        epochs,
        batchSize: batch,
        seed,
        beforeStep: async ({ step }) => {
          if (step !== 1) return;
          await answer();
          model.train();
        },
      });
      await answer();
      const script = fileURLToPath(new URL('same_net.py', import.meta.url));
      const { status } = spawnSync(given.python, [script, place], { stdio: ['ignore', 'inherit', 'inherit'] });
      if (status !== 0)
        throw new Error(`${given.python} could not run ${script}: install torch 2.13.0 and numpy for it`);
      const [first, last] = [numbersIn(join(place, 'torch-first.npy')), numbersIn(join(place, 'torch-last.npy'))];
      const width = preparation.classes.length;
      const [own, other] = [right(answers[1] ?? last, labels, width), right(last, labels, width)];
      const [atFirst, atLast] = [apart(first, answers[0] ?? last), apart(last, answers[1] ?? last)];
      line([name, seed, own, other, labels.length, atFirst.toExponential(1), atLast.toExponential(1)]);
      sums.ours += own;
      sums.torch += other;
      sums.of += labels.length;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
line(['all', '', sums.ours, sums.torch, sums.of]);
