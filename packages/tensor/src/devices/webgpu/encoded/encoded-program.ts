/** Products with encoded matrices: one rule for each layout that this device computes from. */
import { isGrouped } from '../../../kernel/activations.ts';
import type { EncodedLayout, EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Profile, Program } from '../program.ts';
import { byteStage } from './byte-stage.ts';
import { codeContraction } from './code-contraction.ts';
import { codeStage } from './code-stage.ts';
import { encodedProduct, placed, readsX, type EncodedProduct } from './product.ts';
import { roundedRows, type RoundedForm } from './rounded-rows.ts';
import type { SparseLayout } from './sparse-rows.ts';
import { sparseStage } from './sparse-stage.ts';

/** How a layout is multiplied. */
interface EncodedRule {
  /** Whether such a product is computed from the arrays; what is not goes through the dense matrix. */
  readonly accepts: (spec: EncodedMatmulSpec) => boolean;
  /** The stages for x in f32; `taken` is the number of scratch buffers that others have. */
  readonly stages: (product: EncodedProduct, profile: Profile, taken: number) => Pick<Program, 'stages' | 'scratch'>;
  /** As what the matrix meets x that is rounded to codes of 8 bits. */
  readonly rounded: (spec: EncodedMatmulSpec) => RoundedForm;
}

/** With more rows of x, tiles that share what they decode are worth it, where there are registers and lanes to share it. */
const fewRows = 8;

/** A code for each element: rows of codes at once for few rows of x, tiles for many and for sums down the columns. */
const coded: EncodedRule = {
  accepts: ({ layout, settings, columns }) => {
    const group = Number(settings['group']);
    return (layout !== 'int4' && layout !== 'int-n') || group % 8 === 0 || group >= columns;
  },
  stages: (product, profile, taken) =>
    product.spec.walks === 'columns' && (profile.software || product.spec.m <= fewRows)
      ? { stages: [placed(codeStage(product, profile), product, taken)], scratch: [] }
      : codeContraction(product, profile, taken),
  rounded: ({ layout, walks }) =>
    walks === 'rows' || layout === 'codebook' || layout === 'int-n'
      ? 'numbers'
      : layout === 'int8'
        ? 'bytes'
        : 'split bytes',
};

/** Only entries: rows of them. Down the columns every entry would be added to another sum. */
const sparse = (layout: SparseLayout): EncodedRule => ({
  accepts: ({ walks }) => walks === 'columns',
  stages: (product, profile, taken) => ({
    stages: [placed(sparseStage(product, layout, profile), product, taken)],
    scratch: [],
  }),
  rounded: () => 'numbers',
});

const rules: Readonly<Record<EncodedLayout, EncodedRule>> = {
  int8: coded,
  int4: coded,
  'int-n': coded,
  codebook: coded,
  csr: sparse('csr'),
  bitmask: sparse('bitmask'),
  'n-of-m': sparse('n-of-m'),
  blocks: sparse('blocks'),
};

/** One line that says what a product does, for labels and errors. */
function describeEncoded({ layout, m, rows, columns, walks, activations, epilogue }: EncodedMatmulSpec): string {
  const x = activations === 'f32' ? '' : activations === 'codes' ? 'codes ' : 'rounded ';
  const w = `${layout} [${rows}, ${columns}]${walks === 'columns' ? ' transposed' : ''}`;
  return `matmul ${x}[${m}, ${walks === 'columns' ? columns : rows}] × ${w}${epilogue === undefined ? '' : ' with epilogue'}`;
}

/** Whether there is a program for `spec`. */
export function acceptsEncoded(spec: EncodedMatmulSpec, { maxBindings }: Profile): boolean {
  // Rounded rows take the place of x, unless it is needed afterwards.
  const crowded = spec.activations !== 'f32' && readsX(spec) && spec.bindings.length >= maxBindings;
  const rule = rules[spec.layout];
  if (isGrouped(spec.activations)) return false;
  // Codes as numbers are what the product of numbers is for.
  if (spec.activations === 'codes' && rule.rounded(spec) === 'numbers') return false;
  return !crowded && rule.accepts(spec);
}

/** The program of a product that is accepted. */
export function encodedProgram(spec: EncodedMatmulSpec, profile: Profile): Program {
  const label = describeEncoded(spec);
  const product = encodedProduct(spec, label);
  const rule = rules[spec.layout];
  if (spec.m * product.width === 0) return { label, stages: [], scratch: [] };
  if (spec.activations === 'f32') return { label, ...rule.stages(product, profile, 0) };
  const form = rule.rounded(spec);
  const rounded = roundedRows(product, form, profile);
  const { stages, scratch } =
    form === 'numbers'
      ? rule.stages(rounded.product, profile, 1)
      : { stages: [placed(byteStage(rounded.product, profile), rounded.product, 1)], scratch: [] };
  return { label, stages: [rounded.stage, ...stages], scratch: [rounded.bytes, ...scratch] };
}
