/** Reads ONNX models, and makes modules of them. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { exportOnnx, importOnnx, memorySink, openOnnx } from '@espalier/models';
import { build, type ModuleConfig } from '@espalier/nn';
import { ArgumentError, encodeMatrix, int4, int8 } from '@espalier/tensor';
import { collectingBytes } from '../engine/collecting-bytes.ts';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { mutateProtobuf } from '../engine/mutate-protobuf.ts';
import type { Reader } from '../engine/reader.ts';

async function written(config: ModuleConfig, input: readonly number[]): Promise<Uint8Array> {
  const sink = memorySink();
  await exportOnnx(build(config, { seed: 1 }), sink, { input });
  return sink.bytes();
}

const network: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 1, out: 2, kernel: 3 },
    { type: 'batch-norm', features: 2 },
    { type: 'gelu' },
    { type: 'flatten' },
    { type: 'linear', in: 8, out: 3 },
  ],
};

/** One whose weights are large enough to show how much memory is taken for a byte. */
const wide: ModuleConfig = { type: 'sequential', layers: [{ type: 'linear', in: 64, out: 512 }] };

/** A network whose weights are in codes: of 8 bits, and of 4 in blocks. */
async function coded(): Promise<Uint8Array> {
  const layers = [
    { type: 'conv2d', in: 1, out: 2, kernel: 3 },
    { type: 'flatten' },
    { type: 'linear', in: 8, out: 32 },
    { type: 'linear', in: 32, out: 3 },
  ];
  const model = build({ type: 'sequential', layers }, { seed: 1 });
  for (const [name, parameter] of model.namedParameters()) {
    if (!name.endsWith('weight')) continue;
    const [rows = 1] = parameter.shape;
    const values = parameter.value.reshape([rows, parameter.size / rows]).realizeSync();
    parameter.store({ matrix: await (name.startsWith('3') ? encodeMatrix(values, int4, { group: 16 }) : encodeMatrix(values, int8)) }); // prettier-ignore
  }
  const sink = memorySink();
  await exportOnnx(model, sink, { input: [1, 4, 4] });
  return sink.bytes();
}

/** Models of ONNX's own tests: a graph within a graph, a sequence, a sparse constant, and operators on shapes. */
const names = ['test_loop11', 'test_if', 'test_sequence_insert_at_front', 'test_slice', 'test_gather_0'];

/** Models whose weights or values are in codes. */
const codedNames = [
  'test_qlinearconv',
  'test_dequantizelinear',
  'test_quantizelinear',
  'test_qlinearmatmul_2D_uint8_float32',
];

interface Packed {
  readonly name: string;
  readonly model: string;
}

function packed(wanted: readonly string[]): Uint8Array[] {
  const file = new URL('../../../packages/models/test/onnx/golden/node-tests.json.gz', import.meta.url);
  const tests = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as readonly Packed[];
  return tests
    .filter(({ name }) => wanted.includes(name))
    .map(({ model }) => new Uint8Array(Buffer.from(model, 'base64')));
}

/** ONNX models, which are opened, and made into modules where they have one input. */
export const onnxReader: Reader = {
  name: 'onnx',
  seeds: async () => [await written(network, [1, 4, 4]), await written(wide, [64]), ...packed(names)],
  mutate: (input, random) => (random.chance(0.7) ? mutateProtobuf : mutateBytes)(input, random),
  read: async (input, _, passed) => {
    const source = collectingBytes(new Uint8Array(input), 'model.onnx');
    const { inputs } = await openOnnx(source);
    passed();
    if (inputs.length !== 1) return;
    try {
      const module = await importOnnx(source);
      JSON.stringify(module.config());
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
    }
  },
};

/** ONNX models in codes. */
export const codedOnnxReader: Reader = {
  ...onnxReader,
  name: 'onnx-quantized',
  seeds: async () => [await coded(), ...packed(codedNames)],
};
