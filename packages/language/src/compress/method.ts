/** Ways to compress the matrices of layers, as steps of a recipe and the types that their results have in files. */
import { parseRecipe, type Pass, type StepConfig } from '@espalier/optimize';
import { ArgumentError } from '@espalier/tensor';
import {
  aBoolean,
  aCount,
  anObject,
  aPositiveInteger,
  aNumber,
  aText,
  check,
  checkOptions,
  either,
  oneOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { checkRecover, type RecoverOptions } from './recover/options.ts';
import type { TargetFormat } from './types.ts';

/** How the matrices of layers are compressed. */
export interface CompressionMethod {
  /**
   * `rtn`, `hqq`, `gptq` and `awq` round to `bits` with a scale for each `group` columns, or for each `row`; `magnitude`, `wanda` and
   * `sparse-gpt` drop weights: a share (`sparsity`), or all but n of m (`pattern`). `smooth-quant` moves the ranges of activations
   * into weights, for whoever rounds both. `awq` and `smooth-quant` scale channels where norms and layers before them take it.
   */
  readonly type: 'rtn' | 'hqq' | 'gptq' | 'awq' | 'magnitude' | 'wanda' | 'sparse-gpt' | 'smooth-quant';
  readonly bits?: number;
  readonly group?: number | 'row';
  /** Of what rounds: whether weights that share a scale have a zero point. Default: false. */
  readonly zeros?: boolean;
  readonly sparsity?: number;
  readonly pattern?: string;
  /** Of `gptq` and `sparse-gpt`: the share of the mean square of inputs that is added to each. Default: 0.01. */
  readonly damping?: number;
  /** Of `sparse-gpt`: rounds in which all that is kept is fitted to what is gone. Default: 8. */
  readonly refit?: number;
  /**
   * Trains the model against what it was, in memory as a whole, before it is written; not after `rtn` and `hqq`, which leave no grids
   * to train under.
   */
  readonly recover?: RecoverOptions;
  /** Of `gptq`: whether the columns with the largest inputs come first. Default: true. */
  readonly actOrder?: boolean;
}

interface Kind {
  readonly rounds: boolean;
  readonly drops: boolean;
  /** Whether it looks at what texts give the layers. */
  readonly calibrates: boolean;
  readonly step: (method: Rounding & CompressionMethod) => StepConfig;
}

type Rounding = Required<Pick<CompressionMethod, 'bits' | 'group' | 'zeros'>>;

/** A group for a whole row is as if none were given. */
const grouped = ({ group }: Rounding): object => (group === 'row' ? {} : { group });
const numbers = (method: Rounding): object => ({
  bits: method.bits,
  ...grouped(method),
  zeros: method.zeros,
  scales: 'f16',
});
const dropping = ({ sparsity, pattern }: CompressionMethod): object =>
  pattern === undefined ? { sparsity: sparsity ?? 0.5 } : { pattern };
const damped = ({ damping }: CompressionMethod): object => (damping === undefined ? {} : { damping });

/** The longest group that the format of codes has. */
const longestRow = 2 ** 15;

const kinds: Readonly<Record<CompressionMethod['type'], Kind>> = {
  rtn: {
    rounds: true,
    drops: false,
    calibrates: false,
    step: ({ group, ...method }) => ({
      type: 'encode',
      format: 'int-n',
      // A group of this format reaches no further than its row.
      options: { bits: method.bits, group: group === 'row' ? longestRow : group, zeros: method.zeros, scales: 'f16' },
    }),
  },
  hqq: { rounds: true, drops: false, calibrates: false, step: (method) => ({ type: 'hqq', ...numbers(method) }) },
  gptq: {
    rounds: true,
    drops: false,
    calibrates: true,
    step: (method) => ({
      type: 'gptq',
      ...numbers(method),
      ...damped(method),
      ...(method.actOrder !== undefined && { actOrder: method.actOrder }),
      ...(method.recover && { steps: 'learned' }),
    }),
  },
  awq: {
    rounds: true,
    drops: false,
    calibrates: true,
    step: (method) => ({ type: 'awq', ...numbers(method), foldedOnly: true }),
  },
  magnitude: {
    rounds: false,
    drops: true,
    calibrates: false,
    step: (method) => ({ type: 'prune', scope: 'local', ...dropping(method) }),
  },
  wanda: { rounds: false, drops: true, calibrates: true, step: (method) => ({ type: 'wanda', ...dropping(method) }) },
  'sparse-gpt': {
    rounds: false,
    drops: true,
    calibrates: true,
    step: (method) => ({ type: 'sparse-gpt', ...dropping(method), ...damped(method), refit: method.refit ?? 8 }),
  },
  'smooth-quant': {
    rounds: false,
    drops: false,
    calibrates: true,
    step: () => ({ type: 'smooth-quant', foldedOnly: true }),
  },
};

/** The names of the methods. */
export const methodNames = Object.keys(kinds) as readonly CompressionMethod['type'][];

const rules: OptionRules<Omit<CompressionMethod, 'type'>> = {
  bits: aPositiveInteger,
  group: either(aPositiveInteger, oneOf('row')),
  zeros: aBoolean,
  sparsity: aNumber,
  pattern: aText,
  damping: aNumber,
  refit: aCount,
  actOrder: aBoolean,
  recover: anObject,
};

/** A method, checked. */
export interface CheckedMethod {
  readonly config: CompressionMethod;
  /** In words: `gptq, 4 bits with a scale for each 64 columns`. */
  readonly words: string;
  readonly calibrates: boolean;
  /** Columns that share a scale; undefined where a row does, and of what rounds nothing. */
  readonly group: number | undefined;
  readonly rounds: boolean;
  /** What its matrices are in a file unless a rule says otherwise. */
  readonly storedAs: (to: TargetFormat) => string;
  /** The passes on one layer. */
  readonly passes: (examples: number, include: readonly string[]) => readonly Pass[];
}

/**
 * A method, checked.
 * @throws {ArgumentError} for options that contradict themselves, and for bits that no passes round to.
 */
export function checkMethod(method: CompressionMethod): CheckedMethod {
  const place = 'compress';
  check<unknown>(place, 'method', method, anObject);
  const { type, ...options } = method;
  const kind = kinds[check(place, 'method.type', type, oneOf(...methodNames))];
  const { bits = 4, group = 32, zeros = false, sparsity, pattern } = checkOptions(place, options, rules);
  if (!kind.drops && (sparsity !== undefined || pattern !== undefined))
    throw new ArgumentError(place, `${type} drops nothing; leave sparsity and pattern out`);
  if (!kind.rounds && (options.bits ?? options.group ?? options.zeros) !== undefined)
    throw new ArgumentError(place, `${type} rounds none; leave bits, group and zeros out, or say a type`);
  if (method.recover) {
    if (kind.rounds && type !== 'gptq')
      throw new ArgumentError(
        place,
        `${type} leaves nothing to train under its codes; give gptq, or leave recover out`,
      );
    checkRecover(place, method.recover);
  }
  const step = kind.step({ ...method, bits, group, zeros });
  const passes = (examples: number, include?: readonly string[]): readonly Pass[] => {
    const calibrate = kind.calibrates ? { calibrate: { examples, batch: 1 } } : {};
    return parseRecipe([{ ...step, ...calibrate, ...(include && { include: [...include] }) }]) as readonly Pass[];
  };
  passes(1);
  return {
    config: method,
    words: kind.rounds
      ? `${type}, ${bits} bits with a scale ${zeros ? 'and a zero point ' : ''}for each ${group === 'row' ? 'row' : `${group} columns`}`
      : kind.drops
        ? `${type}, ${pattern ?? `${100 * (sparsity ?? 0.5)} %`}`
        : type,
    calibrates: kind.calibrates,
    group: kind.rounds && group !== 'row' ? group : undefined,
    rounds: kind.rounds,
    storedAs: (to) => (kind.rounds ? roundedType(to, { bits, group, zeros }) : 'F16'),
    passes,
  };
}

/** @throws {ArgumentError} for numbers that the format has no type of. */
function roundedType(to: TargetFormat, { bits, group, zeros }: Rounding): string {
  if (group === 'row' || zeros)
    throw new ArgumentError(
      'compress',
      `no type of these files has ${zeros ? 'a zero point beside each scale' : 'a scale for a whole row'}; give a type such as F16`,
    );
  if (to === 'gguf' && bits === 4 && group % 32 === 0) return 'Q4_0';
  if (to === 'safetensors' && (bits === 2 || bits === 4)) return `int${bits}/${group}`;
  throw new ArgumentError(
    'compress',
    to === 'gguf'
      ? `GGUF has no blocks of ${bits} bits with a scale for each ${group} columns; give 4 bits and a group that 32 divides, or a type such as Q3_K without a method`
      : `safetensors keep codes of 2 or 4 bits, and these have ${bits}; give one of them, or a type such as F16`,
  );
}
