/** Compresses a model of a file into another file, a layer in memory at a time. */
import {
  carriedTensor,
  gguf,
  joinedMetadata,
  writeSafetensorsShards,
  type ByteSink,
  type ModelInParts,
  type TensorSource,
  type WriteFile,
  type WrittenTensor,
} from '@espalier/models';
import type { Json } from '@espalier/nn';
import type { PassProgress } from '@espalier/optimize';
import { encodeUtf8 } from '@espalier/nn/format';
import { ArgumentError, defaultDevice, type Device } from '@espalier/tensor';
import type { Pooling } from '../embed/pooling.ts';
import { typesByOwner } from './layer.ts';
import { checkMethod } from './method.ts';
import { targetOf, type CompressionPlan } from './plan.ts';
import { quantizationConfig } from './quantization-config.ts';
import { recoverLayers } from './recover/recover.ts';
import { retyped } from './sources.ts';
import { checkWork, walkLayers, type WalkOptions } from './walk.ts';

/** How a plan is carried out. */
export interface CompressOptions extends Partial<WalkOptions> {
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /** Default: 0. */
  readonly seed?: number;
  /** With `recover`: what makes a vector of a text's hidden states. Default: mean. */
  readonly pooling?: Pooling['kind'];
  /** With `recover`: told how far the training is. */
  readonly onProgress?: (progress: PassProgress) => void;
  /** What else the file says: pairs of GGUF, such as a tokenizer, or keys of config.json. */
  readonly metadata?: { readonly [key: string]: Json };
}

/** A model that only has to be written. */
export interface CompressedModel {
  readonly tensors: ReadonlyMap<string, WrittenTensor>;
  /** Pairs of GGUF, or config.json. */
  readonly said: { readonly [key: string]: Json };
  readonly generation: { readonly [key: string]: Json };
  readonly to: CompressionPlan['to'];
  readonly close: () => Promise<void>;
}

/**
 * Carries a plan out. What a method works on is done at once, layer by layer, each on what the compressed layers before it give, and kept in
 * `parts`: who is interrupted goes on from there, to the same bytes. All else is read when it is written.
 * @throws {ArgumentError} for a method without `parts`, or without the texts that it looks at, and for `parts` of another compression.
 */
export async function compressModel(
  model: ModelInParts,
  plan: CompressionPlan,
  options: CompressOptions = {},
): Promise<CompressedModel> {
  const { device = defaultDevice(), seed = 0, parts, ids = [], pooling = 'mean', metadata = {} } = options;
  const target = targetOf(model, plan.to);
  const types = typesByOwner(plan, target);
  const tensors = new Map<string, WrittenTensor>();
  const method = plan.method && checkMethod(plan.method);
  const layers: TensorSource[] = [];
  if (method && plan.tensors.some(({ isWorkedOn }) => isWorkedOn)) {
    if (!parts)
      throw new ArgumentError(
        'compressModel',
        `${method.config.type} works layer by layer; give parts, where finished ones are kept`,
      );
    if ((method.calibrates || method.config.recover) && ids.length === 0)
      throw new ArgumentError(
        'compressModel',
        `${method.config.type} looks at what texts give the layers; give ids, sequences of one length`,
      );
    const work = { model, plan, target, method, device, seed };
    const { recover } = method.config;
    await checkWork(work, { parts, ids });
    if (recover) layers.push(await recoverLayers(work, { ...options, parts, ids, pooling, options: recover }));
    else layers.push(...(await walkLayers(work, { ...options, parts, ids })));
  }
  const isDone = (own: string): boolean => layers.length > 0 && own.startsWith('layers.');
  const rest = target.tensors(retyped(model.tensors, undefined, (own) => (isDone(own) ? undefined : types.get(own))));
  for (const name of rest.tensors.keys()) tensors.set(name, carriedTensor(rest, name));
  for (const layer of layers) for (const name of layer.tensors.keys()) tensors.set(name, carriedTensor(layer, name));
  for (const [name, tensor] of target.others) tensors.set(name, tensor);
  const coded = quantizationConfig(plan);
  return {
    tensors,
    to: plan.to,
    said: joinedMetadata({ ...target.said(tensors), ...(coded && { quantization_config: coded }) }, metadata),
    generation: model.description.generation,
    close: async () => {
      for (const layer of layers) await layer.close();
    },
  };
}

/** Writes a compressed model as one GGUF file. */
export async function writeCompressedGguf(sink: ByteSink, { tensors, said }: CompressedModel): Promise<void> {
  await gguf.write?.(sink, tensors, said);
}

/** Bytes of values in a file of weights, as in folders of Hugging Face. */
const shardBytes = 5 * 10 ** 9;

/** Writes a compressed model as a folder: its weights, then what describes them. */
export async function writeCompressedFolder(
  writeFile: WriteFile,
  { tensors, said, generation }: CompressedModel,
): Promise<void> {
  await writeSafetensorsShards(writeFile, tensors, { mostBytes: shardBytes, metadata: { format: 'pt' } });
  const json = (value: object): Uint8Array => encodeUtf8(`${JSON.stringify(value, undefined, 2)}\n`);
  if (Object.keys(generation).length > 0)
    await writeFile('generation_config.json', (sink) => sink.write(json(generation)));
  await writeFile('config.json', (sink) => sink.write(json(said)));
}
