/**
 * Rotary positions as config.json and GGUF say them. Sources: Hugging Face, "transformers", utilities for rotary position
 * embedding; G. Gerganov et al., "GGUF", standardised keys.
 */
import { ConfigError, type RotaryOptions, type RotaryScaling } from '@espalier/nn';
import type { Description } from '../../huggingface/model-folder.ts';
import type { Said } from '../files/said.ts';

/** What is needed beside what is said of them. */
interface Place {
  readonly headWidth: number;
  /** The longest sequence of the model. */
  readonly context: number;
}

/** 0.1 · m · ln f + 1. */
const attentionOf = (factor: number, m = 1): number => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);

type Read = (rope: Said, place: Place) => RotaryScaling | null;

/** The context that a model was trained with, before it was extended. */
const trainedContext = (rope: Said, { context }: Place): number =>
  rope.count('original_max_position_embeddings', context);

/** By `rope_type`. */
const types: Readonly<Record<string, Read>> = {
  default: () => null,
  linear: (rope) => ({ type: 'linear', factor: rope.real('factor') }),
  dynamic: (rope, { context }) => ({ type: 'dynamic', factor: rope.real('factor'), context }),
  llama3: (rope, place) => ({
    type: 'llama3',
    factor: rope.real('factor'),
    low: rope.real('low_freq_factor'),
    high: rope.real('high_freq_factor'),
    context: trainedContext(rope, place),
  }),
  yarn: (rope, place) => {
    const context = trainedContext(rope, place);
    const factor = rope.real('factor', place.context / context);
    const [m, all] = [rope.real('mscale', 0), rope.real('mscale_all_dim', 0)];
    const usual = m !== 0 && all !== 0 ? attentionOf(factor, m) / attentionOf(factor, all) : attentionOf(factor);
    return {
      type: 'yarn',
      factor,
      context,
      fast: rope.real('beta_fast', 32),
      slow: rope.real('beta_slow', 1),
      attention: rope.real('attention_factor', usual),
      truncate: rope.truth('truncate', true),
    };
  },
  longrope: (rope, place) => {
    const context = trainedContext(rope, place);
    const factor = rope.real('factor', place.context / context);
    const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(context));
    return {
      type: 'factors',
      short: rope.reals('short_factor'),
      long: rope.reals('long_factor'),
      context,
      attention: rope.real('attention_factor', usual),
    };
  },
};

/**
 * The rotary positions of a config.json: `rope_parameters`, or `rope_theta` and `rope_scaling` as they were called before.
 * @throws {FormatError} naming a type that is not known.
 */
export function rotaryOfConfig(config: Said, place: Place): RotaryOptions {
  const key = config.has('rope_parameters') ? 'rope_parameters' : 'rope_scaling';
  const rope = config.below(key);
  config.ignore('rope_scaling', 'rope_parameters');
  const base = rope.real('rope_theta', config.real('rope_theta', 10_000));
  // Readers of models of these types turn whole heads, whatever is said.
  for (const said of [rope, config]) said.only('partial_rotary_factor', 1);
  const type = rope.text('rope_type', rope.text('type', 'default'));
  rope.ignore('type', 'max_position_embeddings');
  const read = Object.hasOwn(types, type) ? types[type] : undefined;
  if (!read)
    return rope.refuse(
      'rope_type',
      `is '${type}', which there is not here; known are ${Object.keys(types).join(', ')}`,
    );
  const scaling = read(rope, place);
  const [unknown] = rope.unread();
  if (unknown !== undefined)
    config.refuse(unknown, `is said of rotary positions of the type ${type}, which it is not known of`);
  return { base, width: 0, scaling };
}

/** How each scaling is said in config.json. */
const written: {
  readonly [Type in RotaryScaling['type']]: (scaling: Extract<RotaryScaling, { type: Type }>) => Description;
} = {
  linear: ({ factor }) => ({ rope_type: 'linear', factor }),
  dynamic: ({ factor }) => ({ rope_type: 'dynamic', factor }),
  llama3: ({ factor, low = 1, high = 4, context }) => ({
    rope_type: 'llama3',
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: context,
  }),
  yarn: ({ factor, context, fast = 32, slow = 1, attention = 0, truncate = true }) => ({
    rope_type: 'yarn',
    factor,
    original_max_position_embeddings: context,
    beta_fast: fast,
    beta_slow: slow,
    attention_factor: attention === 0 ? attentionOf(factor) : attention,
    truncate,
  }),
  factors: ({ short, long, context = 0, attention = 1 }) => ({
    rope_type: 'longrope',
    short_factor: short,
    long_factor: long ?? short,
    original_max_position_embeddings: context === 0 ? 2 ** 24 : context,
    attention_factor: attention,
  }),
};

/**
 * As `rope_parameters` of config.json.
 * @throws {ConfigError} for heads of which a part is turned.
 */
export function configOfRotary({ base = 10_000, width = 0, scaling }: RotaryOptions, headWidth: number): Description {
  const said = scaling
    ? (written[scaling.type] as (scaling: RotaryScaling) => Description)(scaling)
    : { rope_type: 'default' };
  if (width > 0 && width !== headWidth)
    throw new ConfigError(
      'rotary.width',
      `is ${width}, and heads are ${headWidth} wide; readers of config.json turn whole heads in models of this family`,
    );
  return { rope_theta: base, ...said };
}
