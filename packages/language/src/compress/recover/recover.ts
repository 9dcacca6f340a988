/** Compression of a model as a whole, which is trained against what it was before it is written. */
import { gguf, openTensors, readTensor, safetensors, type ModelInParts, type TensorSource } from '@espalier/models';
import { buildForValues, dataset, prefer, type AbortSignalLike, type Dataset, type Module } from '@espalier/nn';
import { distill, lowRank, runRecipe, together, type PassProgress } from '@espalier/optimize';
import { ArgumentError, fromTyped, zeros, type Tensor } from '@espalier/tensor';
import type { Pooling } from '../../embed/pooling.ts';
import { isWorkedOn, tensorsOf, type LayerWork } from '../layer.ts';
import { found, type PartStore } from '../parts.ts';
import type { CalibrationIds } from '../pieces.ts';
import type { RecoverOptions } from './options.ts';
import { packedAsData, packRows } from './pack.ts';
import { PackedTexts, registerPackedTexts } from './packed-texts.ts';

/** What a recovery is given. */
export interface Recovery {
  readonly parts: PartStore;
  readonly ids: CalibrationIds;
  /** What makes a vector of a text's hidden states. */
  readonly pooling: Pooling['kind'];
  readonly options: RecoverOptions;
  readonly signal?: AbortSignalLike | undefined;
  readonly onProgress?: ((progress: PassProgress) => void) | undefined;
}

/**
 * All layers, compressed one after the other in a whole model and then trained together: the masks and grids stay, and what is
 * trained is what shows through them, with the scales, norms and biases. Hidden states of all layers are to be what they were, and
 * vectors of texts, or what is told of the next token. Model, teacher and moments are in memory at once: about five models in f32.
 * @throws {ArgumentError} for texts that do not fill a row.
 */
export async function recoverLayers(work: LayerWork, recovery: Recovery): Promise<TensorSource> {
  const { model, plan, method, device, seed } = work;
  const { parts, ids, options, signal, onProgress } = recovery;
  const { epochs = 3, length = 128, batch = 8, calibrate = 64 } = options;
  const { rank, learningRate = (method.rounds ? 5e-5 : 2e-4) * (rank === undefined ? 1 : 10) } = options;
  const file = `recovered.${plan.to}`;
  if (!(await found(parts, file))) {
    const base = await openWhole(work);
    const isOfStates = model.description.gives === 'states';
    const learner = isOfStates ? new PackedTexts(base, recovery.pooling) : base;
    registerPackedTexts();
    const train = isOfStates ? packedAsData(packRows(ids, length), device) : idsAsData(ids, length, work);
    const prefix = isOfStates ? 'model.' : '';
    const include = [...base.namedParameters().keys()].filter((name) => isWorkedOn(work, name));
    const layers = model.places.filter((place) => place.startsWith('layers.')).map((place) => prefix + place);
    const matrices = include.map((name) => prefix + name);
    const passes = method.passes(Math.min(calibrate, train.size), matrices);
    const changes = rank === undefined ? [] : [lowRank({ rank, others: 'vectors', include: matrices })];
    const lesson = distill({
      weakTeacher: 'use',
      alpha: 1,
      ...(isOfStates ? { matches: layers.map((place) => ({ teacher: place, student: place })) } : { temperature: 1 }),
      train: {
        epochs,
        batchSize: Math.min(batch, train.size),
        optimizer: { type: 'adamw', lr: learningRate, weightDecay: 0 },
        schedule: 'one-cycle',
        loss: isOfStates ? 'mse' : 'cross-entropy',
      },
    });
    // What is first in a stage is first asked for its part of the training, and makes nothing final that others train.
    const { model: made } = await runRecipe(learner, [together(lesson, ...changes, ...passes)], {
      data: { train },
      seed,
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
    const inner = made instanceof PackedTexts ? made.model : made;
    const tensors = await tensorsOf(work, inner, (name) => name);
    const container = plan.to === 'gguf' ? gguf : safetensors;
    const metadata = plan.to === 'gguf' ? { 'general.architecture': 'layers' } : {};
    await parts.write(file, async (sink) => container.write?.(sink, tensors, metadata));
    made.dispose();
    base.dispose();
  }
  return openTensors(await found(parts, file, true));
}

/** A model with its weights as f32, of which only layers are trained. */
async function openWhole({
  model,
  device,
}: { readonly model: ModelInParts } & Pick<LayerWork, 'device'>): Promise<Module> {
  const module = buildForValues(model.config, new Map(), device);
  for (const [name, parameter] of module.namedParameters()) {
    const value = await readTensor(model.tensors, name, { device });
    parameter.tensor.assign(value.cast(parameter.dtype));
    parameter.tensor.realizeSync();
    value.dispose();
    parameter.trainable = name.startsWith('layers.');
  }
  prefer(module, 'balance');
  return module.eval();
}

/** Sequences as examples, cut into rows; the targets say nothing. */
function idsAsData(ids: CalibrationIds, length: number, { device }: LayerWork): Dataset {
  const rows = ids.flatMap((sequence) =>
    Array.from({ length: Math.floor(sequence.length / length) }, (_, at) =>
      sequence.slice(at * length, (at + 1) * length),
    ),
  );
  if (rows.length === 0)
    throw new ArgumentError('compressModel', `no sequence has ${length} tokens; give longer ones, or a shorter length`);
  return dataset({
    size: rows.length,
    load: (indices) => {
      const some = Int32Array.from([...indices].flatMap((index) => rows[index] as readonly number[]));
      return { x: fromTyped(some, [indices.length, length], { device }) };
    },
    prepare: ({ x }) => {
      const given = x as Tensor;
      return { x: given, y: zeros(given.shape, { dtype: 'i32', device }) };
    },
  });
}
