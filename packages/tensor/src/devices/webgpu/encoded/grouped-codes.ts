/** How codes of 1 to 8 bits in groups are read, and what they stand for: the functions of `codes.ts` for the layout `int-n`. */
import {
  centreOf,
  codeBytes,
  groupedCodes,
  groupedParts,
  stepColumns,
  type GroupedCodes,
  type GroupedPart,
  type ScaleKind,
} from '../../../kernel/grouped-codes.ts';
import { bufferName } from '../wgsl/storage.ts';
import { indent, type WgslModule } from '../wgsl/wgsl-module.ts';
import type { EncodedProduct } from './product.ts';

/** Bits that a code has in a word that `codes` gives: those of 4 bits as they are, all others a byte each. */
export function bitsInWord({ bits }: Pick<GroupedCodes, 'bits'>): 4 | 8 {
  return bits === 4 ? 4 : 8;
}

/** Whether words of codes begin where words of memory do. */
export function isAligned(own: GroupedCodes, columns: number): boolean {
  return (own.bits === 4 || own.bits === 8) && codeBytes(own, columns) % 4 === 0;
}

/**
 * Adds `codes`, `four`, `zero_of` and `scale_of`; `word_at` is there. What is called a zero is a minimum where groups have
 * some: a scale times a code is exact, so that adding it to that rounds once.
 */
export function addGroupedCodes(module: WgslModule, { spec }: EncodedProduct): void {
  const own = groupedCodes(spec.settings);
  const places = groupedParts(own);
  const { columns } = spec;
  const bufferOf = (part: GroupedPart): string => bufferName(spec.parts[places.indexOf(part)] ?? 0);
  addReader(module, own, columns);
  addNumbers(module, own, bufferOf('table'));
  const groups = Math.ceil(columns / own.group);
  const place = [`let place = row * ${groups}u + column / ${Math.min(own.group, columns)}u;`];
  const steps = Math.ceil((groups * own.group) / stepColumns);
  const step = (buffer: string): string => `${module.use('unpack_f16')}(${buffer}[step / 2u], step)`;
  const numberOf = (part: 'scales' | 'minima'): string[] => {
    const buffer = bufferOf(part);
    const rules: Readonly<Record<ScaleKind, () => string[]>> = {
      f32: () => [`return ${buffer}[place];`],
      f16: () => [`return ${module.use('unpack_f16')}(${buffer}[place / 2u], place);`],
      i8: () => [
        `let step = row * ${steps}u + column / ${stepColumns}u;`,
        `return f32(${module.use('unpack_i8')}(${buffer}[place / 4u], place)) * ${step(bufferOf(part === 'scales' ? 'steps' : 'minimumSteps'))};`,
      ],
      e8: () => [
        `let exponent = extractBits(${buffer}[place / 4u], place % 4u * 8u, 8u);`,
        'return bitcast<f32>(select(exponent << 23u, 0x400000u, exponent == 0u)) * 0.5;',
      ],
    };
    return [...place, ...rules[own.scales]()];
  };
  const zero = own.zeros
    ? [...place, `return f32(extractBits(${bufferOf('zeros')}[place / 4u], place % 4u * 8u, 8u));`]
    : own.minima
      ? numberOf('minima')
      : [`return ${centreOf(own).centre}.0;`];
  module.add(`fn zero_of(row: u32, column: u32) -> f32 {
${indent(zero)}
}`);
  module.add(`fn scale_of(row: u32, column: u32) -> f32 {
${indent(numberOf('scales'))}
}`);
}

function addReader(module: WgslModule, own: GroupedCodes, columns: number): void {
  const bytes = codeBytes(own, columns);
  const { bits } = own;
  const mask = 2 ** bits - 1;
  const apart = [0, 1, 2, 3].map((code) => `((word >> ${code * bits}u) & ${mask}u) << ${code * 8}u`);
  // Four codes lie within four bytes, from the byte of the first one on.
  const read =
    bits === 4 || bits === 8
      ? [`return word_at(row * ${bytes}u + column * ${bits}u / 8u);`]
      : [
          `let bit = column * ${bits}u;`,
          `let word = word_at(row * ${bytes}u + bit / 8u) >> (bit & 7u);`,
          `return (${apart.join(') | (')});`,
        ];
  module.add(`fn codes(row: u32, column: u32) -> u32 {
${indent(read)}
}`);
}

function addNumbers(module: WgslModule, own: GroupedCodes, table: string): void {
  const { factor } = centreOf(own);
  const split = bitsInWord(own) === 4 ? 'vec4(0u, 4u, 8u, 12u)) & vec4(15u)' : 'vec4(0u, 8u, 16u, 24u)) & vec4(255u)';
  const counted = `vec4<f32>((vec4(word) >> ${split})${factor === 1 ? '' : ` * ${factor}.0`}`;
  const entry = (name: string): string => `f32(${module.use('unpack_i8')}(${table}[code.${name} / 4u], code.${name}))`;
  const lines = own.table
    ? [`let code = (vec4(word) >> ${split};`, `return vec4(${['x', 'y', 'z', 'w'].map(entry).join(', ')}) * scale;`]
    : own.minima
      ? [`return ${counted} * scale + vec4(zero);`]
      : [`return (${counted} - vec4(zero)) * scale;`];
  module.add(`fn four(word: u32, zero: f32, scale: f32) -> vec4<f32> {
${indent(lines)}
}`);
}
