/** What a draft is: a model made smaller so that it guesses tokens ahead, and how many of them. */
import { bytesOf, memorySink, openLanguageModel, openTensors, type ModelInParts } from '@espalier/models';
import type { Json } from '@espalier/nn';
import type { Device } from '@espalier/tensor';
import { Decoder } from '../../generate/decoder.ts';
import { compressModel, writeCompressedGguf } from '../compress.ts';
import { withoutLayers } from '../drop/without-layers.ts';
import { planCompression, type CompressionPlan, type TypeRule } from '../plan.ts';
import { storedType } from '../types.ts';

/** How a draft is made of a model, and used. It is plain JSON. */
export interface Draft {
  /** The type of all matrices that it makes smaller, those of the vocabulary too; `kept` for what they are. */
  readonly type: string;
  /** What its weights meet where they are in blocks. */
  readonly activations: DraftActivations;
  /** Layers that it is without, counted from 0. */
  readonly skipped: readonly number[];
  /** How many tokens it guesses at once. */
  readonly guesses: number;
}

/** Numbers that a draft may compute with. */
export type DraftActivations = 'f32' | 'int16-groups' | 'int8-groups';

/** A draft that has only to be written. */
export interface PlannedDraft {
  readonly model: ModelInParts;
  readonly plan: CompressionPlan;
}

/** What becomes of a model as a draft, for `compressModel`. */
export function planDraft(model: ModelInParts, { type, skipped }: Pick<Draft, 'type' | 'skipped'>): PlannedDraft {
  const fewer = skipped.length === 0 ? model : withoutLayers(model, skipped);
  const kept = planCompression(fewer, { to: 'gguf' });
  const stored = storedType('gguf', type);
  const rules = kept.tensors.flatMap(({ name, shape, bytesAfter }): readonly TypeRule[] =>
    stored && shape.length === 2 && (shape[1] ?? 1) % stored.columns === 0 && stored.bytes(shape) < bytesAfter
      ? [{ tensors: name, type }]
      : [],
  );
  return { model: fewer, plan: rules.length === 0 ? kept : planCompression(fewer, { to: 'gguf', rules }) };
}

/** A draft as a model in memory, which `generate` takes. Its module is whoever's who asked. */
export async function openDraft(
  { model, plan }: PlannedDraft,
  { activations, context, device }: { activations: DraftActivations; context: number; device: Device },
): Promise<Decoder> {
  const sink = memorySink();
  const made = await compressModel(model, plan, { device });
  await writeCompressedGguf(sink, made);
  await made.close();
  const file = await openTensors(bytesOf(sink.bytes(), 'draft.gguf'));
  const { module } = await openLanguageModel(file, { device, activations });
  await file.close();
  return new Decoder(module, { context });
}

/** Pairs of GGUF by which a draft says how it is used. */
export function draftPairs({ activations, guesses }: Pick<Draft, 'activations' | 'guesses'>): { [key: string]: Json } {
  return { 'espalier.draft.activations': activations, 'espalier.draft.guesses': guesses };
}

/** How a file says that it is used as a draft: nothing of what it does not say, or says of no draft of ours. */
export function draftOf(metadata: {
  readonly [key: string]: unknown;
}): Partial<Pick<Draft, 'activations' | 'guesses'>> {
  const { 'espalier.draft.activations': activations, 'espalier.draft.guesses': guesses } = metadata;
  return {
    ...((activations === 'f32' || activations === 'int16-groups' || activations === 'int8-groups') && { activations }),
    ...(typeof guesses === 'number' && Number.isInteger(guesses) && guesses > 0 && guesses < 16 && { guesses }),
  };
}
