/**
 * Rows of entries times rows of x: an invocation walks its share of four rows of the matrix, for one row of x or for four.
 *
 * Per entry: its column, its value and one or four elements of x, a vec4 where rows of x are neighbours in memory.
 */
import { addGatheringFunctions } from '../contraction/contraction.ts';
import type { Profile, Stage } from '../program.ts';
import { productModule, type EncodedProduct } from './product.ts';
import { quadShape, quadStage } from './quad-stage.ts';
import { sparseRows, type SparseLayout } from './sparse-rows.ts';

/** The stage of a product that sums along the rows of a sparse matrix. */
export function sparseStage(product: EncodedProduct, layout: SparseLayout, profile: Profile): Stage {
  const { spec, width } = product;
  const site = productModule(product);
  const { module } = site;
  const shape = quadShape(product, 4, profile);
  const xRows = spec.m === 1 ? 1 : 4;
  const type = xRows === 1 ? 'f32' : 'vec4<f32>';
  if (xRows === 4 && site.leftVector !== 'rows')
    addGatheringFunctions(module, { m: spec.m, n: width, rows: true, columns: false });
  module.add(`fn x_at(i: u32, column: u32) -> ${type} {
  return ${xRows === 1 ? 'left' : 'left_rows'}(left_start(0u), i, column);
}`);
  sparseRows[layout]({ module, product, lanes: shape.lanes, type });
  const of = (row: number): string =>
    xRows === 1 ? 'quad' : `vec4(${[0, 1, 2, 3].map((each) => `quad[${each}][${row}]`).join(', ')})`;
  const walk = [
    `var quad = ${xRows === 1 ? 'vec4<f32>' : 'array<vec4<f32>, 4>'}();`,
    `for (var each = origin(); each < 4u; each++) {`,
    `  quad[each] = row_sum(min(j + each, ${width - 1}u), ${shape.lanes === 1 ? '0u' : 'lane'}, i);`,
    '}',
    ...Array.from({ length: xRows }, (_, row) => `sum${row} = ${of(row)};`),
  ];
  return quadStage(site, product, { ...shape, xRows }, walk, profile);
}
