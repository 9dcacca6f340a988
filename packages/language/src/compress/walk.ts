/** Goes through the layers of a model, one in memory at a time, and keeps what is done with each. */
import {
  bytesOf,
  dequantizedSource,
  gguf,
  openPart,
  openTensors,
  partSource,
  safetensors,
  type FindFile,
  type TensorSource,
  type WriteFile,
} from '@espalier/models';
import { throwIfAborted, type AbortSignalLike, type Json, type Module } from '@espalier/nn';
import { decodeUtf8, encodeUtf8, readBytes } from '@espalier/nn/format';
import { ArgumentError, fromTyped, noGrad, type Shape } from '@espalier/tensor';
import { embed } from './embed.ts';
import { compressLayer, type LayerWork } from './layer.ts';
import { piecesOf, type CalibrationIds } from './pieces.ts';
import { quantizationConfig } from './quantization-config.ts';
import { memoryStates, statesAsData, type StateStore } from './states.ts';

/** Where finished layers are kept until all are. */
export interface PartStore {
  readonly find: FindFile;
  /** A file is there as a whole or not at all. */
  readonly write: WriteFile;
}

/** How a walk goes. */
export interface WalkOptions {
  readonly parts: PartStore;
  readonly ids: CalibrationIds;
  /** Where what comes into layers is kept. Default: memory. */
  readonly states?: StateStore;
  readonly signal?: AbortSignalLike | undefined;
  readonly onLayer?: ((place: string, details: Json) => void) | undefined;
}

/** Files of finished layers, in the order of the layers. */
export async function walkLayers(work: LayerWork, options: WalkOptions): Promise<readonly TensorSource[]> {
  const { model, target, method, device } = work;
  const { parts, ids, signal, states = memoryStates() } = options;
  const layers = model.places.filter((place) => place.startsWith('layers.'));
  const pieces = piecesOf(ids);
  const { width } = model.description;
  if (method.calibrates) await embed(work, pieces, states);
  const coding = quantizationConfig(work.plan);
  const finished: TensorSource[] = [];
  for (const place of layers) {
    throwIfAborted(signal);
    const file = `${place}.${work.plan.to}`;
    const inputs = method.calibrates ? statesAsData(states, { pieces, width, device }) : undefined;
    if (!(await found(parts, file))) {
      const made = await compressLayer(work, place, inputs);
      const container = work.plan.to === 'gguf' ? gguf : safetensors;
      const metadata = work.plan.to === 'gguf' ? { 'general.architecture': 'layer' } : {};
      await parts.write(file, async (sink) => container.write?.(sink, made.tensors, metadata));
      made.dispose();
      options.onLayer?.(place, made.details);
    }
    const stored = await openTensors(await found(parts, file, true));
    finished.push(stored);
    if (!method.calibrates || place === layers.at(-1)) continue;
    // What the file says, and not what is in memory: a walk that goes on from files goes the same way.
    const own = [...target.parts].filter(([name]) => name.startsWith(`${place}.`));
    const floats = coding ? await dequantizedSource(stored, coding) : stored;
    const layer = await openPart(model, place, { device, tensors: partSource(floats, new Map(own)) });
    for (const [index, { sequences, length }] of pieces.entries())
      await states.write(
        index,
        await through(layer, await states.read(index), [sequences.length, length, width], work),
      );
    layer.dispose();
  }
  return finished;
}

/** A file of what is done, or whether there is one. */
export async function found(
  parts: PartStore,
  file: string,
  isNeeded: true,
): Promise<Awaited<ReturnType<FindFile>> & object>;
export async function found(parts: PartStore, file: string): Promise<boolean>;
export async function found(parts: PartStore, file: string, isNeeded = false): Promise<unknown> {
  const source = await parts.find(file);
  if (isNeeded) return source ?? bytesOf(new Uint8Array(), file);
  await source?.close();
  return source !== undefined;
}

/** @throws {ArgumentError} for layers that something else left behind. */
export async function checkWork(
  { plan, seed, model }: LayerWork,
  { parts, ids }: Pick<WalkOptions, 'parts' | 'ids'>,
): Promise<void> {
  const { dropped = [], source } = model;
  const said = JSON.stringify({ plan, seed, source: [...source.tensors], dropped, ids });
  const file = await parts.find('work.json');
  if (!file) return parts.write('work.json', (sink) => sink.write(encodeUtf8(said)));
  const before = decodeUtf8(await readBytes(file, 0, file.size, 'work.json'));
  await file.close();
  if (before !== said)
    throw new ArgumentError(
      'compressModel',
      'layers of another compression are there (work.json differs); give the same model, options and text, or remove them',
    );
}

async function through(
  layer: Module,
  values: Float32Array<ArrayBuffer>,
  shape: Shape,
  { device }: LayerWork,
): Promise<Float32Array<ArrayBuffer>> {
  const x = fromTyped(values, shape, { device });
  const y = noGrad(() => layer.call(x));
  const out = Float32Array.from((await y.data()) as Float32Array);
  x.dispose();
  y.dispose();
  return out;
}
