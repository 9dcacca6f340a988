/** Matrices of codes as the right operand of a contraction: tiles of x and of decoded elements, for many rows of x. */
import { collapse } from '../../../kernel/collapse.ts';
import { addGatheringFunctions, type Contraction } from '../contraction/contraction.ts';
import { tileStage } from '../contraction/matmul-program.ts';
import { sumOfParts } from '../contraction/sum-of-parts.ts';
import { chooseTile, type TiledChoice } from '../contraction/tile-choice.ts';
import { loopStage } from '../loop/loop-program.ts';
import type { Profile, Program } from '../program.ts';
import { addCodes, addWeights, codesOf } from './codes.ts';
import { placed, productModule, type EncodedProduct } from './product.ts';

/** The stages of such a product; `taken` is the number of scratch buffers that others have. */
export function codeContraction(
  product: EncodedProduct,
  profile: Profile,
  taken: number,
): Pick<Program, 'stages' | 'scratch'> {
  const {
    spec: { m },
    width,
    depth,
    bindings,
    epilogue,
    label,
    limits,
  } = product;
  const maySplit = bindings.length < profile.maxBindings;
  const choice = chooseTile({ batch: 1, m, n: width, k: depth }, profile, maySplit, 'tile');
  const tile = placed(tileStage(contraction(product, choice), choice), product, taken);
  if (choice.splits === 1) return { stages: [tile], scratch: [] };
  const parts = sumOfParts({ bindings, batch: [], m, n: width, epilogue }, choice.splits, limits);
  const gather = loopStage(collapse(parts), profile, `${label} (sum of parts)`);
  return {
    stages: gather === undefined ? [tile] : [tile, placed(gather, product, taken)],
    scratch: [choice.splits * m * width * 4],
  };
}

function contraction(product: EncodedProduct, choice: TiledChoice): Contraction {
  const { spec, width, depth } = product;
  const { splits } = choice;
  const { module, title, slots, leftVector } = productModule(product, splits);
  const codes = codesOf(product);
  addCodes(module, codes, product);
  addWeights(module, codes);
  const alongDepth = spec.walks === 'columns';
  const place = alongDepth ? 'j, k' : 'k, j';
  // One k at a time has no use for vectors along k, nor for vectors of rows.
  const single = choice.kind === 'register' && choice.tile.depth === 1;
  const rightVector = !alongDepth ? 'columns' : single ? 'none' : 'depth';
  module.add(`fn right_start(batch: u32) -> u32 {
  return 0u;
}`);
  module.add(`fn right(start: u32, k: u32, j: u32) -> f32 {
  return weight(${place});
}`);
  if (rightVector !== 'none')
    module.add(`fn right_${rightVector}(start: u32, k: u32, j: u32) -> vec4<f32> {
  return weights(${place});
}`);
  addGatheringFunctions(module, {
    m: spec.m,
    n: width,
    rows: choice.kind === 'workgroup' && leftVector !== 'rows',
    columns: rightVector !== 'columns',
  });
  return {
    module,
    title,
    slots,
    batch: 1,
    m: spec.m,
    n: width,
    k: depth,
    ends: product.ends,
    splits,
    leftVector: single ? 'none' : leftVector,
    rightVector,
  };
}
