/** Kernel specs as text: what they compute, element by element. */
import { contractionOf, type ContractionOperand } from './contraction/contraction.ts';
import { finishing } from './contraction/epilogue.ts';
import { operands } from './phases.ts';
import type {
  Access,
  AttentionGradientSpec,
  AttentionShape,
  AttentionSpec,
  ContractionSpec,
  Conv2dSpec,
  EncodedMatmulSpec,
  KernelSpec,
  Limit,
  LoopInstruction,
  LoopSpec,
  MatmulSpec,
} from './spec.ts';

/** A head, and the lines below it. */
interface Shown {
  readonly head: string;
  readonly lines: readonly string[];
}

type Names = readonly string[];

/** The lines of a spec, the first its head; `names` are those of its bindings. */
export function showSpec(spec: KernelSpec, names: Names): string[] {
  const show = kinds[spec.kind] as (spec: KernelSpec, names: Names) => Shown;
  const { head, lines } = show(spec, names);
  return [head, ...lines];
}

const kinds: {
  readonly [Kind in KernelSpec['kind']]: (spec: Extract<KernelSpec, { kind: Kind }>, names: Names) => Shown;
} = {
  loop: showLoop,
  matmul: showMatmul,
  'encoded-matmul': showEncoded,
  conv2d: showConv2d,
  attention: showAttention,
  'attention-gradient': showAttentionGradient,
  scan: ({ op, outer, length, inner }) => ({
    head: `scan ${op} along the middle of ${list([outer, length, inner])}`,
    lines: [],
  }),
  sort: ({ rows, length, descending }) => ({
    head: `sort ${rows} rows of ${length}, ${descending ? 'descending' : 'ascending'}`,
    lines: [],
  }),
  'scatter-add': ({ outer, count, inner, length }) => ({
    head: `scatter-add ${list([outer, count, inner])} into ${list([outer, length, inner])}`,
    lines: [],
  }),
  custom: ({ name, attributes }) => ({ head: `kernel "${name}" ${JSON.stringify(attributes)}`, lines: [] }),
};

const list = (numbers: readonly number[]): string => `[${numbers.join(', ')}]`;

/** Names of dimensions, in their order. */
function dimensions(count: number): string[] {
  const letters = 'ijklmnopqrstuvw';
  return Array.from({ length: count }, (_, dim) => letters[dim] ?? `d${dim}`);
}

function showLoop({ outer, inner, body, limits }: LoopSpec, names: Names): Shown {
  const dims = dimensions(outer.length + inner.length);
  return {
    head: `loop${ranges([...outer, ...inner], dims, { limits, names, inner: inner.length })}`,
    lines: bodyLines(body, dims, dims.slice(outer.length), names),
  };
}

/** What ranges are told beside their sizes: where limits are read, and how many of the last are folded over. */
interface RangeOptions {
  readonly limits?: readonly Limit[] | undefined;
  readonly names: Names;
  readonly inner: number;
}

/** Such as ` i < 8 over j < 4`; a dimension with a limit ends where that says. */
function ranges(sizes: readonly number[], dims: Names, { limits = [], names, inner }: RangeOptions): string {
  const shown = sizes.map((size, dim) => {
    const limit = limits.find((candidate) => candidate.dim === dim);
    return `${dims[dim]} < ${limit ? `min(${size}, ${names[limit.binding]}[${limit.offset}])` : size}`;
  });
  const [outer, folded] = [shown.slice(0, shown.length - inner), shown.slice(shown.length - inner)];
  return `${outer.length > 0 ? ` ${outer.join(', ')}` : ''}${folded.length > 0 ? ` over ${folded.join(', ')}` : ''}`;
}

function showMatmul(spec: MatmulSpec, names: Names): Shown {
  const dims = dimensions(spec.batch.length + 3);
  const space = dims.slice(0, -1);
  const [row, column, depth] = dims.slice(-3) as [string, string, string];
  const batch = dims.slice(0, -3);
  const left = element(spec.a, [...batch, row, depth], names);
  const right = element(spec.b, [...batch, depth, column], names);
  return {
    head: `matmul${ranges([...spec.batch, spec.m, spec.n, spec.k], dims, { limits: spec.limits, names, inner: 1 })}`,
    lines: [`sum = sum over ${depth} of ${left} * ${right}`, ...bodyLines(finishing(spec), space, [], names)],
  };
}

function showEncoded(spec: EncodedMatmulSpec, names: Names): Shown {
  const {
    m,
    n,
    k,
    operands: [, right],
  } = contractionOf(spec);
  const dims = dimensions(3);
  const [row, column, depth] = dims as [string, string, string];
  const factor = `${encodedName(right, names)}[${(spec.walks === 'columns' ? [column, depth] : [depth, column]).join(', ')}]`;
  const x = element(spec.x, [row, depth], names);
  const left = {
    f32: x,
    int8: `rounded(${x})`,
    'int8-groups': `rounded in groups(${x})`,
    'int16-groups': `rounded in groups to 16 bits(${x})`,
    codes: `codes(${x})`,
  }[spec.activations];
  return {
    head: `matmul${ranges([m, n, k], dims, { limits: spec.limits, names, inner: 1 })}`,
    lines: [`sum = sum over ${depth} of ${left} * ${factor}`, ...bodyLines(finishing(spec), [row, column], [], names)],
  };
}

function encodedName(operand: ContractionOperand, names: Names): string {
  return operand.kind === 'encoded' ? `${operand.layout}(${operand.parts.map((part) => names[part]).join(', ')})` : '';
}

function showConv2d(spec: Conv2dSpec, names: Names): Shown {
  const { pass, batch, groups, inChannels, outChannels, inSize, outSize, kernel } = spec;
  const sizes = {
    x: [batch, inChannels, ...inSize],
    w: [outChannels, inChannels / groups, ...kernel],
    y: [batch, outChannels, ...outSize],
  };
  const [left, right, made] = ({ forward: ['x', 'w', 'y'], input: ['y', 'w', 'x'], weight: ['x', 'y', 'w'] } as const)[
    pass
  ];
  const shown = (role: 'x' | 'w' | 'y'): string => `${names[spec[role]?.binding ?? 0]} ${list(sizes[role])}`;
  const { stride, padding, dilation } = spec;
  const settings = Object.entries({ stride, padding, dilation }).map(([name, pair]) => `${name} ${list(pair)}`);
  const dims = dimensions(4);
  const epilogue: ContractionSpec['epilogue'] = finishing({ ...spec, out: spec[made] });
  return {
    head: `conv2d ${pass}${ranges(sizes[made], dims, { names, inner: 0 })}`,
    lines: [
      `sum = ${shown(left)} with ${shown(right)}, ${settings.join(', ')}, ${groups} ${groups === 1 ? 'group' : 'groups'}`,
      ...bodyLines(epilogue, dims, [], names),
    ],
  };
}

function showAttention(spec: AttentionSpec, names: Names): Shown {
  const { batch, queries, keys, valueSize, limits } = spec;
  const { dims, query, key, of, lines } = shownScores(spec, names);
  return {
    head: `attention${ranges([...batch, queries, keys], dims, { limits, names, inner: 1 })}`,
    lines: [
      ...lines,
      `${of(spec.out, query, 'c')} = sum over ${key} of softmax(score) * ${of(spec.v, key, 'c')}, c < ${valueSize}`,
      `${of(spec.logSum, query)} = log of the sum over ${key} of exp(score)`,
    ],
  };
}

function showAttentionGradient(spec: AttentionGradientSpec, names: Names): Shown {
  const { batch, queries, keys, valueSize, scale, parts } = spec;
  const { dims, query, key, of, lines } = shownScores(spec, names);
  const part = ({ binding, offset, strides }: Access): string =>
    `${names[binding]}[${affine(offset, strides, [...dims.slice(0, -2), 'part', key, 'c'])}]`;
  const product = `sum over c < ${valueSize} of ${of(spec.g, query, 'c')} * ${of(spec.v, key, 'c')}`;
  return {
    head: `attention gradient${ranges([...batch, queries, keys], dims, { names, inner: 0 })} in ${parts} ${parts === 1 ? 'part' : 'parts'}`,
    lines: [
      ...lines,
      `share = exp(score - ${of(spec.logSum, query)})`,
      `change = ${scale} * share * (${product} - ${of(spec.delta, query)})`,
      `${of(spec.dq, query, 'c')} = sum over ${key} of change * ${of(spec.k, key, 'c')}`,
      `${part(spec.dk)} = sum over ${query} of change * ${of(spec.q, query, 'c')}`,
      `${part(spec.dv)} = sum over ${query} of share * ${of(spec.g, query, 'c')}`,
    ],
  };
}

/** Scores of attention by the dimensions of a kernel, and where they are. */
function shownScores(
  { batch, size, scale, causal, mask, bias, q, k }: AttentionShape,
  names: Names,
): {
  readonly dims: Names;
  readonly query: string;
  readonly key: string;
  readonly of: (access: Access, ...last: string[]) => string;
  readonly lines: readonly string[];
} {
  const dims = dimensions(batch.length + 2);
  const [query, key] = dims.slice(-2) as [string, string];
  const head = dims.slice(0, -2);
  const of = (access: Access, ...last: string[]): string => element(access, [...head, ...last], names);
  const added = bias ? ` + ${of(bias, query, key)}` : '';
  const seen = [...(causal ? [`${key} <= ${query} + keys - queries`] : []), ...(mask ? [of(mask, query, key)] : [])];
  const product = `sum over c < ${size} of ${of(q, query, 'c')} * ${of(k, key, 'c')}`;
  const lines = [`score = ${scale} * ${product}${added}`, ...(seen.length > 0 ? [`where ${seen.join(' and ')}`] : [])];
  return { dims, query, key, of, lines };
}

/** The element that an access reads at an index. */
function element({ binding, offset, strides }: Access, dims: Names, names: Names, displaced?: string): string {
  return `${names[binding]}[${affine(offset, strides, dims, displaced)}]`;
}

/** offset + Σ stride · dimension. */
function affine(offset: number, strides: readonly number[], dims: Names, displaced?: string): string {
  const times = (factor: number, name: string): string =>
    factor === 1 ? name : factor === -1 ? `-${name}` : `${factor}·${name}`;
  const terms = strides.flatMap((stride, dim) => (stride === 0 ? [] : [times(stride, dims[dim] as string)]));
  if (offset !== 0) terms.unshift(`${offset}`);
  if (displaced !== undefined) terms.push(displaced);
  return terms.length === 0 ? '0' : terms.join(' + ').replaceAll('+ -', '- ');
}

const infix: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  lt: '<',
  le: '<=',
  eq: '==',
  and: '&',
  or: '|',
  xor: '^',
  shl: '<<',
  shr: '>>',
};

/**
 * A body as assignments. Sums and values that are used more than once have names; all else stands where it is used.
 * `inner` are the dimensions that are folded over.
 */
function bodyLines(body: readonly LoopInstruction[], dims: Names, inner: Names, names: Names): string[] {
  const uses = new Map<number, number>();
  for (const position of body.flatMap(operands)) uses.set(position, (uses.get(position) ?? 0) + 1);
  const texts: string[] = [];
  const lines: string[] = [];
  const at = (position: number): string => texts[position] as string;
  const bare = (position: number): string =>
    at(position).replace(/^\((.*)\)$/s, (whole, within: string) => (balanced(within) ? within : whole));
  const named = (value: string): string => {
    const name = `v${lines.filter((line) => line.startsWith('v')).length}`;
    lines.push(`${name} = ${value}`);
    return name;
  };
  const texter: {
    readonly [Kind in LoopInstruction['kind']]: (
      step: Extract<LoopInstruction, { kind: Kind }>,
      position: number,
    ) => string;
  } = {
    load: ({ access }) => element(access, dims, names),
    gather: ({ access, index, stride }) =>
      element(access, dims, names, stride === 1 ? at(index) : `${stride}·${at(index)}`),
    index: ({ offset, strides }) => {
      const value = affine(offset, strides, dims);
      return value.includes(' ') ? `(${value})` : value;
    },
    constant: ({ value }) => `${value}`,
    accumulator: () => 'sum',
    scalar: ({ op, args, dtype }, position) => {
      const sign = infix[op];
      const call = op === 'cast' ? dtype : op === 'bitcast' ? `bitcast_${dtype}` : op;
      const value =
        sign && args.length === 2 ? `(${args.map(at).join(` ${sign} `)})` : `${call}(${args.map(bare).join(', ')})`;
      return (uses.get(position) ?? 0) > 1 ? named(value.replace(/^\((.*)\)$/s, '$1')) : value;
    },
    reduce: ({ op, arg }) => named(`${op} over ${inner.join(', ')} of ${at(arg)}`),
    store: ({ access, arg, displaced }) => {
      const shift = displaced && `${displaced.stride === 1 ? '' : `${displaced.stride}·`}${at(displaced.index)}`;
      lines.push(`${element(access, dims, names, shift)} = ${bare(arg)}`);
      return '';
    },
  };
  for (const [position, step] of body.entries())
    texts.push((texter[step.kind] as (step: LoopInstruction, position: number) => string)(step, position));
  return lines;
}

/** Whether parentheses within a text close what they open. */
function balanced(text: string): boolean {
  let open = 0;
  for (const character of text) {
    if (character === '(') open++;
    if (character === ')' && --open < 0) return false;
  }
  return open === 0;
}
