/**
 * Quads of rows of codes times rows of x: a word of codes is taken apart once for all rows of x that an invocation has.
 *
 * Per word of 4 or 8 codes: four loads of words, and for each row of x one or two vec4 loads and 4 or 8 dot products of
 * vec4.
 */
import type { Profile, Stage } from '../program.ts';
import { indent } from '../wgsl/wgsl-module.ts';
import { addCodes, codesOf } from './codes.ts';
import { productModule, type EncodedProduct } from './product.ts';
import { plus, quadShape, quadStage } from './quad-stage.ts';
import { runLines } from './runs.ts';

const quad = [0, 1, 2, 3] as const;
const component = ['x', 'y', 'z', 'w'] as const;
const mostRows = 4;

/** Sums of the elements that codes stand for, in f32. */
export function codeStage(product: EncodedProduct, profile: Profile): Stage {
  const codes = codesOf(product);
  const site = productModule(product);
  addCodes(site.module, codes, product);
  const shape = quadShape(product, mostRows, profile);
  const { perWord } = codes;
  const rows = Array.from({ length: shape.xRows }, (_, row) => row);
  const parts = perWord === 8 ? (['low', 'high'] as const) : (['low'] as const);
  // Codes behind the last column belong to the next row: they meet zeros.
  const ragged = product.depth % perWord !== 0;
  const element = (row: number, at: string): string => {
    const value = `left(left_start(0u), x${row}, ${at})`;
    return ragged ? `select(0.0, ${value}, ${at} < ${product.depth}u)` : value;
  };
  const ofX = (row: number, first: number): string =>
    site.leftVector === 'depth' && !ragged
      ? `left_depth(left_start(0u), x${row}, ${plus('k', first)})`
      : `vec4(${quad.map((step) => element(row, plus('k', first + step))).join(', ')})`;
  const walk = [
    ...rows.map((row) => `var part${row} = vec4<f32>();`),
    `for (var k = first; k < run_end; k += ${perWord}u) {`,
    indent([
      ...quad.map((each) => `let word${each} = codes(row${each}, k);`),
      ...quad.flatMap((each) =>
        parts.map((part) => {
          const word = part === 'low' ? `word${each}` : `word${each} >> 16u`;
          return `let ${part}${each} = four(${word}, zero.${component[each]}, scale.${component[each]});`;
        }),
      ),
      ...rows.flatMap((row) =>
        parts.flatMap((part, order) => [
          `let ${part}_x${row} = ${ofX(row, order * 4)};`,
          `part${row} += vec4(${quad.map((each) => `dot(${part}_x${row}, ${part}${each})`).join(', ')});`,
        ]),
      ),
    ]),
    '}',
  ];
  return quadStage(
    site,
    product,
    shape,
    runLines(codes, product, shape, { walk, part: (row) => `part${row}` }),
    profile,
  );
}
