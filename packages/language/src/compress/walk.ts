/** Goes through the layers of a model, one in memory at a time, and keeps what is done with each. */
import {
  dequantizedSource,
  gguf,
  openPart,
  openTensors,
  partSource,
  safetensors,
  type TensorSource,
} from '@espalier/models';
import { throwIfAborted, type AbortSignalLike, type Json } from '@espalier/nn';
import { embed } from './embed.ts';
import { compressLayer, type LayerWork } from './layer.ts';
import { found, sameWork, type PartStore } from './parts.ts';
import { piecesOf, type CalibrationIds } from './pieces.ts';
import { quantizationConfig } from './quantization-config.ts';
import { memoryStates, statesAsData, throughLayer, type StateStore } from './states.ts';

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
    await throughLayer(layer, states, { pieces, width, device });
    layer.dispose();
  }
  return finished;
}

/** @throws {ArgumentError} for layers that something else left behind. */
export function checkWork(
  { plan, seed, model }: LayerWork,
  { parts, ids }: Pick<WalkOptions, 'parts' | 'ids'>,
): Promise<void> {
  const { dropped = [], heads, source } = model;
  return sameWork('compressModel', parts, { plan, seed, source: [...source.tensors], dropped, heads, ids });
}
