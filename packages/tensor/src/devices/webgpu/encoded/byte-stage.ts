/**
 * Quads of rows of codes times rows of x that are rounded to codes: whole numbers, summed in i32 over a run.
 *
 * Four products are one `dot4I8Packed` where WGSL has it. Codes of 4 bits meet x in two halves, of even and of odd columns,
 * as masks take them out of a word; their zero point is taken off as often as there is an x, which is exact. A sum of whole
 * numbers is multiplied by the smaller of the two scales first: by both at once, or by the larger first, it could overflow
 * or vanish where the product of all three does not.
 */
import type { Profile, Stage } from '../program.ts';
import { bufferName } from '../wgsl/storage.ts';
import { indent, type WgslModule } from '../wgsl/wgsl-module.ts';
import { addCodes, codesOf } from './codes.ts';
import { productModule, type EncodedProduct } from './product.ts';
import { plus, quadShape, quadStage } from './quad-stage.ts';
import { wordsOfRow } from './rounded-rows.ts';
import { runLines } from './runs.ts';

const quad = [0, 1, 2, 3] as const;
const mostRows = 4;

/** Adds `dot_bytes(a, b)`, the sum of four products of signed bytes. */
function addDot(module: WgslModule, { packedDots }: Profile): void {
  module.add(
    packedDots
      ? `fn dot_bytes(a: u32, b: u32) -> i32 {
  return dot4I8Packed(a, b);
}`
      : `fn bytes_of(word: u32) -> vec4<i32> {
  return (vec4(bitcast<i32>(word)) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u);
}

fn dot_bytes(a: u32, b: u32) -> i32 {
  return dot(bytes_of(a), bytes_of(b));
}`,
  );
}

/** The stage for codes of numbers, 8 or 4 bits, and x as `roundedRows` left it. */
export function byteStage(product: EncodedProduct, profile: Profile): Stage {
  const codes = codesOf(product);
  const site = productModule(product);
  addCodes(site.module, codes, product);
  addDot(site.module, profile);
  const shape = quadShape(product, mostRows, profile);
  const rows = Array.from({ length: shape.xRows }, (_, row) => row);
  const x = bufferName(product.x.binding);
  const words = wordsOfRow(product.depth, codes.bits === 8 ? 'bytes' : 'split bytes');
  const ofX = (row: number, half: number): string => `${x}[${plus(`x${row} * ${words}u + k / 4u`, half)}]`;
  const vector = (item: (each: number) => string): string => `vec4(${quad.map(item).join(', ')})`;
  const products =
    codes.bits === 8
      ? rows.flatMap((row) => [
          `let bytes${row} = ${ofX(row, 0)};`,
          `part${row} += ${vector((each) => `dot_bytes(bytes${row}, word${each})`)};`,
        ])
      : [
          ...quad.flatMap((each) => [
            `let even${each} = word${each} & 0x0f0f0f0fu;`,
            `let odd${each} = (word${each} >> 4u) & 0x0f0f0f0fu;`,
          ]),
          ...rows.flatMap((row) => [
            `let even_x${row} = ${ofX(row, 0)};`,
            `let odd_x${row} = ${ofX(row, 1)};`,
            `part${row} += ${vector((each) => `dot_bytes(even_x${row}, even${each}) + dot_bytes(odd_x${row}, odd${each})`)};`,
            `part${row} -= vec4<i32>(zero) * (dot_bytes(even_x${row}, 0x01010101u) + dot_bytes(odd_x${row}, 0x01010101u));`,
          ]),
        ];
  const walk = [
    ...rows.map((row) => `var part${row} = vec4<i32>();`),
    `for (var k = first; k < run_end; k += ${codes.perWord}u) {`,
    indent([...quad.map((each) => `let word${each} = codes(row${each}, k);`), ...products]),
    '}',
  ];
  site.module.add(`fn scaled(sum: vec4<i32>, scale: vec4<f32>, x_scale: f32) -> vec4<f32> {
  let is_larger = abs(scale) > vec4(x_scale);
  return vec4<f32>(sum) * select(scale, vec4(x_scale), is_larger) * select(vec4(x_scale), scale, is_larger);
}`);
  const scales = rows.map((row) => `let x_scale${row} = bitcast<f32>(${x}[${product.spec.m * words}u + x${row}]);`);
  const part = (row: number): string => `scaled(part${row}, scale, x_scale${row})`;
  return quadStage(site, product, shape, [...scales, ...runLines(codes, product, shape, { walk, part })], profile);
}
