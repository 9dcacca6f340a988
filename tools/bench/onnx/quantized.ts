/**
 * What 8 bits cost trained models of others on what they are for: `npm run bench:onnx-int8 -- --folder FOLDER --inputs INPUTS [--only
 * NAME,…] [--ways WAY,…] [--json FILE]`. FOLDER is that of the packages which have the models of `own-kinds.ts`; INPUTS is what
 * `own_inputs.py` wrote.
 *
 * The first examples are for calibration; all others are seen by the model as it came, and in 8 bits: by its weights alone, as
 * `espalier quantize model.onnx` rounds them (`plain`), with biases that make up for it (`data`), with what layers are called with
 * rounded too (`dynamic`, `static`), with that scaled before (`smooth`), and with one scale a channel and no more (`channel`). A row is the
 * share of all places of all examples with the same answer, and has to be 0.99; beside it stands the same of places
 * where one of the two sees something, and the bytes of the weights.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, importOnnx, openNpy, readTensor } from '@espalier/models';
import { predict, tensorDataset, type Dataset, type Module } from '@espalier/nn';
import { quantize, runRecipe, smoothQuant, storedBytes, type Pass, type QuantizeOptions } from '@espalier/optimize';
import { cpu, zeros, type Tensor } from '@espalier/tensor';
import { commandLine } from '../command-line.mjs';
import { ownKinds, type OwnKind } from './own-kinds.ts';

/** The passes of a way, given on how many examples to calibrate, and which weights are of depthwise convolutions. */
type Way = (examples: number, depthwise: readonly string[]) => readonly Pass[];

const fitting = (examples: number): QuantizeOptions => ({ granularity: 'fitting', correctBiases: { examples } });
const ways: Readonly<Record<string, Way>> = {
  channel: () => [quantize()],
  plain: () => [quantize({ granularity: 'fitting' })],
  data: (examples) => [quantize(fitting(examples))],
  dynamic: (examples) => [quantize({ ...fitting(examples), activations: 'dynamic' })],
  static: (examples) => [quantize({ ...fitting(examples), activations: { type: 'static', examples } })],
  smooth: (examples, depthwise) => [
    smoothQuant({ exclude: depthwise, calibrate: { examples } }),
    quantize({ ...fitting(examples), activations: { type: 'static', examples } }),
  ],
};
const least = 0.99;

const { option, refuse } = commandLine('bench:onnx-int8', {
  folder: undefined,
  inputs: undefined,
  only: ownKinds.map(({ name }) => name).join(),
  ways: Object.keys(ways).join(),
  json: undefined,
});
const folder = option('folder') ?? refuse('say --folder: that of the packages which have the models');
const inputs = option('inputs') ?? refuse('say --inputs: the folder that own_inputs.py wrote');
const chosen = (option('ways') ?? '').split(',');
for (const way of chosen)
  if (!Object.hasOwn(ways, way)) refuse(`there is no way '${way}'; there are ${Object.keys(ways).join(', ')}`);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });

/** What a model is given: examples to calibrate on, and others. */
async function examplesOf({ inputs: name, prepared, calibrate }: OwnKind): Promise<readonly [Dataset, Dataset]> {
  const path = join(inputs, `${name}.npy`);
  const drawn = await readTensor(await openNpy(bytesOf(new Uint8Array(readFileSync(path)), path)), 'array', { device: cpu() }); // prettier-ignore
  const all = prepared(drawn).realizeSync();
  const count = all.shape[0] ?? 0;
  const part = (x: Tensor): Dataset => tensorDataset(x.realizeSync(), zeros([x.shape[0] ?? 0], { dtype: 'i32' }));
  return [part(all.narrow(0, 0, calibrate)), part(all.narrow(0, calibrate, count - calibrate))];
}

async function answersOf(model: Module, data: Dataset, kind: OwnKind): Promise<ArrayLike<number>> {
  const outputs = await predict(model, data, { batchSize: 8 });
  const answers = await kind.answers(outputs).data();
  outputs.dispose();
  return answers;
}

/** The share of places with the same answer: of all, and of those where one of two sees something. */
function agreement(
  ours: ArrayLike<number>,
  wanted: ArrayLike<number>,
): { readonly all: number; readonly seen: number } {
  let [equal, seen, equalSeen] = [0, 0, 0];
  for (let at = 0; at < wanted.length; at++) {
    const isEqual = ours[at] === wanted[at];
    if (isEqual) equal += 1;
    if (ours[at] === 0 && wanted[at] === 0) continue;
    seen += 1;
    if (isEqual) equalSeen += 1;
  }
  return { all: equal / wanted.length, seen: equalSeen / seen };
}

const rows: object[] = [];
for (const kind of ownKinds) {
  if (!(option('only') ?? '').split(',').includes(kind.name)) continue;
  const path = files.find((file) => file.replaceAll('\\', '/').endsWith(kind.file));
  if (path === undefined) {
    console.log(`${kind.name}: ${kind.file} is not in ${folder}`);
    continue;
  }
  const bytes = new Uint8Array(readFileSync(join(folder, path)));
  const load = (): Promise<Module> => importOnnx(bytesOf(bytes, kind.name));
  const [train, test] = await examplesOf(kind);
  const given = await load();
  const wanted = await answersOf(given, test, kind);
  const depthwise = [...given.namedModules()].flatMap(([name, module]) => {
    const { type, in: taken, groups } = module === given ? { type: '' } : module.config();
    return type === 'conv2d' && groups === taken && groups !== 1 ? [`${name}.weight`] : [];
  });
  console.log(`${kind.name}: ${test.size} examples, ${wanted.length} places; ${await storedBytes(given)} bytes of weights as given`); // prettier-ignore
  for (const way of chosen) {
    const passes = ways[way]?.(kind.calibrate, depthwise) ?? [];
    const { model } = await runRecipe(await load(), passes, { data: { train }, seed: 1 });
    const { all, seen } = agreement(await answersOf(model, test, kind), wanted);
    const [holds, stored] = [all >= least, await storedBytes(model)];
    rows.push({
      name: `${kind.name}/${way}`,
      value: all,
      target: `>= ${least}`,
      holds,
      details: { seen, bytes: stored },
    });
    console.log(`${holds ? 'holds' : 'FAILS'}  ${`${kind.name}/${way}`.padEnd(24)} ${(100 * all).toFixed(2).padStart(7)} %  seen ${(100 * seen).toFixed(2).padStart(7)} %  ${stored} bytes`); // prettier-ignore
    model.dispose();
  }
  given.dispose();
}
const results = option('json');
if (results !== undefined) writeFileSync(results, `${JSON.stringify(rows, undefined, 2)}\n`);
