/**
 * Rows of x rounded to codes of 8 bits: half to even, with the scale max |x| / 127 of each row.
 *
 * Division in WGSL may be off by some units in the last place, so that codes near a half would differ from device to
 * device. Scales are therefore divided as integers, and where x / scale is near a half, x and the half times the scale are
 * compared as integers: codes are those of correctly rounded divisions. Rows whose largest value is below 2^-117 count as 0,
 * since their scales may.
 *
 * An x that is codes already is brought into the same words, with a scale of 1.
 */
import type { Binding } from '../../../kernel/spec.ts';
import { addMatrixFunctions, matrixOperand } from '../contraction/matrix-operand.ts';
import { affine, readLength } from '../loop/loop-body.ts';
import { roundUp } from '../numbers.ts';
import { gridOf, gridOverhangs, groupNumber, type Profile, type Stage } from '../program.ts';
import { bufferName, declareBuffers, loadLines, plainMode } from '../wgsl/storage.ts';
import { indent, WgslModule } from '../wgsl/wgsl-module.ts';
import { onScratch, type EncodedProduct } from './product.ts';

/** As what the first scratch buffer holds the rounded rows. */
export type RoundedForm =
  /** f32 numbers: codes times scales. */
  | 'numbers'
  /** Codes, four in a word: in their order, or, of each eight, those of even columns and then those of odd ones; after all rows, their scales. */
  | 'bytes'
  | 'split bytes';

/** Rounded rows, and the product of them. */
export interface RoundedRows {
  readonly stage: Stage;
  readonly product: EncodedProduct;
  /** Bytes of scratch. */
  readonly bytes: number;
}

/** Words from one row of codes to the next. */
export function wordsOfRow(depth: number, form: 'bytes' | 'split bytes'): number {
  return form === 'bytes' ? Math.ceil(depth / 4) : Math.ceil(depth / 8) * 2;
}

const roundingFunctions = `fn scale_for(largest: u32) -> f32 {
  if (largest < 0x05000000u) { return 0.0; }
  if (largest >= 0x7f800000u) { return bitcast<f32>(largest | 0x7fc00000u); }
  // Of the largest number the scale would be rounded up to one that 127 overflows with.
  let held = min(largest, 0x7f7ffffeu);
  let dividend = ((held & 0x7fffffu) | 0x800000u) << 7u;
  let quotient = dividend / 127u;
  let rest = dividend % 127u;
  let exponent = (held >> 23u) - 8u;
  if (quotient < 0x1000000u) { return bitcast<f32>((exponent << 23u) + quotient + u32(rest > 63u)); }
  let half = quotient >> 1u;
  let up = (quotient & 1u) & u32(rest > 0u || (half & 1u) == 1u);
  return bitcast<f32>(((exponent + 1u) << 23u) + half + up);
}

fn code_for(x: f32, scale: f32) -> i32 {
  if (scale == 0.0) { return 0; }
  let near = abs(x) / scale;
  let below = u32(near);
  var code = u32(round(near));
  if (abs(near - (f32(below) + 0.5)) < 0.0001) {
    let x_bits = bitcast<u32>(x) & 0x7fffffffu;
    let scale_bits = bitcast<u32>(scale);
    let significand = (scale_bits & 0x7fffffu) | 0x800000u;
    let shift = i32(x_bits >> 23u) - i32(scale_bits >> 23u) + 1;
    let wanted = ((x_bits & 0x7fffffu) | 0x800000u) << u32(max(shift, 0));
    let half = (significand * (2u * below + 1u)) << u32(max(-shift, 0));
    let difference = bitcast<i32>(wanted - half);
    let distance = u32(abs(difference));
    // Quotients that close are the half itself when they are rounded to f32.
    let tied = distance == 0u
      || (below > 0u && distance < 512u && (distance << 23u) <= (significand << firstLeadingBit(below)));
    code = below + select(u32(difference > 0), below & 1u, tied);
  }
  return select(i32(code), -i32(code), x < 0.0);
}`;

/** Adds `code_at(i, k, scale)`, the code of an element of x, and what finds the largest. */
function addRounding(module: WgslModule, { x, depth, spec: { m } }: EncodedProduct): void {
  const source: Binding = { dtype: 'f32', access: 'read' };
  addMatrixFunctions(module, 'left', matrixOperand('left', { ...x, binding: 0 }, [source], [], m), 'element', 'none');
  module.declare('var<workgroup> largest: atomic<u32>;');
  module.add(roundingFunctions);
  module.add(`fn code_at(i: u32, k: u32, scale: f32) -> i32 {
  if (k >= ${depth}u) { return 0; }
  return code_for(left(left_start(0u), i, k), scale);
}`);
}

/** Adds the same of an x that is codes. */
function addCodes(module: WgslModule, { x, depth }: EncodedProduct): void {
  const from = { binding: 0, dtype: 'i8', mode: plainMode('i8') } as const;
  module.add(`fn code_at(i: u32, k: u32, scale: f32) -> i32 {
  if (k >= ${depth}u) { return 0; }
${indent([...loadLines(module, from, affine(x.offset, ['i', 'k'], x.strides), 'code'), 'return code;'])}
}`);
}

/** A stage that rounds the rows of x, one workgroup a row, into the first scratch buffer. */
export function roundedRows(product: EncodedProduct, form: RoundedForm, profile: Profile): RoundedRows {
  const {
    spec: { m, activations },
    depth,
    label,
    x,
    bound,
    slots,
    limits: [limit] = [],
  } = product;
  const lanes = profile.software ? 16 : 64;
  const apart = form === 'numbers' ? roundUp(Math.max(depth, 1), 4) : wordsOfRow(depth, form);
  const dtype = form === 'numbers' ? 'f32' : 'u32';
  const module = new WgslModule();
  const isCodes = activations === 'codes';
  const source: Binding = { dtype: isCodes ? 'i8' : 'f32', access: 'read' };
  const length = limit && readLength({ ...limit, binding: 2 }, m);
  const bindings: Binding[] = [source, { dtype, access: 'write' }];
  if (length) bindings.push({ dtype: 'i32', access: 'read' });
  declareBuffers(module, bindings, [plainMode(source.dtype), 'element', 'element']);
  if (isCodes) addCodes(module, product);
  else addRounding(module, product);
  const target = bufferName(1);
  const place = form === 'bytes' ? 'p * 4u + part' : 'p / 2u * 8u + part * 2u + p % 2u';
  const write =
    form === 'numbers'
      ? [`${target}[i * ${apart}u + p] = select(f32(code_at(i, p, scale)) * scale, bitcast<f32>(none), is_none);`]
      : [
          'var word = 0u;',
          'for (var part = 0u; part < 4u; part++) {',
          `  let code = select(code_at(i, ${place}, scale), 0, is_none);`,
          '  word |= (bitcast<u32>(code) & 255u) << (part * 8u);',
          '}',
          `${target}[i * ${apart}u + p] = word;`,
        ];
  const grid = gridOf(m);
  const lines = [
    `let i = ${groupNumber(grid)};`,
    ...(gridOverhangs(grid, m) ? [`if (i >= ${m}u) { return; }`] : []),
    ...(length ? [length.line, `if (i >= ${length.name}) { return; }`] : []),
    ...(isCodes
      ? ['let none = 0u;', 'let is_none = false;', 'let scale = 1.0;']
      : [
          'var own = 0u;',
          `for (var k = lane; k < ${depth}u; k += ${lanes}u) {`,
          '  own = max(own, bitcast<u32>(left(left_start(0u), i, k)) & 0x7fffffffu);',
          '}',
          'atomicMax(&largest, own);',
          'workgroupBarrier();',
          'let none = atomicLoad(&largest) | 0x7fc00000u;',
          'let is_none = atomicLoad(&largest) >= 0x7f800000u;',
          'let scale = scale_for(atomicLoad(&largest));',
        ]),
    `for (var p = lane; p < ${apart}u; p += ${lanes}u) {`,
    indent(write),
    '}',
    ...(form === 'numbers'
      ? []
      : [`if (lane == 0u) { ${target}[${m * apart}u + i] = select(bitcast<u32>(scale), none, is_none); }`]),
  ];
  module.add(`@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
${indent(lines)}
}`);
  return {
    stage: {
      code: module.text(`${label} (rounding)`),
      entryPoint: 'main',
      slots: [
        { slot: x.binding, writable: false },
        { slot: bound, writable: true },
        ...(limit ? [{ slot: slots[limit.binding] as number, writable: false }] : []),
      ],
      workgroups: grid,
    },
    product: onScratch(product, dtype, apart),
    bytes: (m * apart + (form === 'numbers' ? 0 : m)) * 4,
  };
}
