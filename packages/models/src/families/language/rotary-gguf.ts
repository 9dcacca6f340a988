/** Rotary positions as GGUF says them. Source: G. Gerganov et al., "GGUF", standardised keys. */
import { ConfigError, type RotaryOptions, type RotaryScaling } from '@espalier/nn';
import type { Description } from '../../huggingface/model-folder.ts';
import type { Said } from '../files/said.ts';

type Yarn = Extract<RotaryScaling, { type: 'yarn' }>;

/** What is needed beside the pairs. */
interface Place {
  readonly headWidth: number;
  readonly context: number;
  /** Of the tensor `rope_freqs.weight`. */
  readonly factors: readonly number[] | undefined;
}

/**
 * The rotary positions of an architecture.
 * @throws {FormatError} naming a type that is not known.
 */
export function rotaryOfGguf(said: Said, architecture: string, { headWidth, context, factors }: Place): RotaryOptions {
  const key = (name: string): string => `${architecture}.rope.${name}`;
  const turned = said.count(key('dimension_count'), headWidth);
  const type = said.text(key('scaling.type'), said.has(key('scale_linear')) ? 'linear' : 'none');
  const factor = said.single(key('scaling.factor'), said.single(key('scale_linear'), 1));
  const attention = said.single(key('scaling.attn_factor'), 1);
  const of: Readonly<Record<string, () => RotaryScaling | null>> = {
    none: () => null,
    linear: () => ({ type: 'linear', factor }),
    yarn: () => ({
      type: 'yarn',
      factor,
      context: said.count(key('scaling.original_context_length'), context),
      attention: attention * (0.1 * Math.log(factor) + 1),
    }),
  };
  const read = Object.hasOwn(of, type) ? of[type] : undefined;
  if (!read)
    said.refuse(key('scaling.type'), `is '${type}', which there is not here; known are ${Object.keys(of).join(', ')}`);
  const scaling = read?.() ?? null;
  if (scaling && factors)
    said.refuse(
      key('scaling.type'),
      `is '${type}', and there is rope_freqs.weight, too; one of them is known at a time`,
    );
  return {
    base: said.single(key('freq_base'), 10_000),
    width: turned === headWidth ? 0 : turned,
    scaling: factors ? { type: 'factors', short: factors } : scaling,
  };
}

/**
 * As pairs, without the architecture before them.
 * @throws {ConfigError} for scaling that GGUF has no words for.
 */
export function ggufOfRotary({ base = 10_000, width = 0, scaling }: RotaryOptions, headWidth: number): Description {
  const written: Readonly<Record<string, () => Description>> = {
    linear: () => ({ 'rope.scaling.type': 'linear', 'rope.scaling.factor': Math.fround(factorOf(scaling)) }),
    yarn: () => ({
      'rope.scaling.type': 'yarn',
      'rope.scaling.factor': Math.fround(factorOf(scaling)),
      'rope.scaling.original_context_length': scaling?.type === 'yarn' ? scaling.context : 0,
    }),
    // In a tensor of their own.
    llama3: () => ({}),
    factors: () => ({}),
  };
  const write = scaling ? (Object.hasOwn(written, scaling.type) ? written[scaling.type] : undefined) : () => ({});
  const isForAll =
    scaling?.type === 'factors'
      ? !scaling.long && (scaling.attention ?? 1) === 1
      : scaling?.type !== 'yarn' || isUsual(scaling);
  if (!write || !isForAll) throw new ConfigError('rotary.scaling', `is ${scaling?.type}, which is not written to GGUF`);
  return { 'rope.dimension_count': width === 0 ? headWidth : width, 'rope.freq_base': Math.fround(base), ...write() };
}

/** Whether nothing but the factor and the context is said. */
function isUsual({ factor, fast = 32, slow = 1, truncate = true, attention = 0 }: Yarn): boolean {
  const usual = 0.1 * Math.log(factor) + 1;
  return fast === 32 && slow === 1 && truncate && (attention === 0 || Math.abs(attention - usual) < 1e-6);
}

const factorOf = (scaling: RotaryOptions['scaling']): number => (scaling && 'factor' in scaling ? scaling.factor : 1);
