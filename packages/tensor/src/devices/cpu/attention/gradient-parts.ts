/** The functions that gradients of attention are made of. */
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { MathLibrary } from '../math/math-library.ts';
import { queriesTogether } from '../../../kernel/attention-spec.ts';
import type { AttentionGradientSpec } from '../../../kernel/spec.ts';
import { addChange, addFill, addNumbers } from './changes.ts';
import { rowsOf, type Operand } from './operands.ts';
import { panelQueries, panelRow } from './panels.ts';
import { addScores, type WriteScores } from './scores.ts';
import { addHideSilent, addMarks, addSeenProduct, type SeenProduct } from './seen.ts';
import { addProduct, type Product } from './strip.ts';
import { addTameNumbers, addTameRows, type AreTame } from './tame.ts';
import { addLine, addTurn, type RowSteps } from './turn.ts';

/** Bytes of a row of the panels of a block of queries, which lie side by side. */
export const blockRow: number = queriesTogether * 4;

/** Operands whose rows are read as vectors: copies, where their numbers are not adjacent. */
export type Line = 'q' | 'k' | 'g';

/** Whether the numbers of its rows are. */
export function isAdjacent(spec: AttentionGradientSpec, name: Line): boolean {
  return spec[name].strides.at(-1) === 1;
}

type RowsFunction = FunctionBuilder<readonly ['i32', 'i32', 'i32']>;

/** Products of shares and changes with rows. */
type Products<P> = Readonly<Record<'toQ' | 'toK' | 'toV', P>>;

/** The functions that a unit calls where numbers are not tame which some do not see. */
interface Careful {
  readonly marks: WriteScores;
  readonly hideSilent: FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32']>;
  readonly hideAll: FunctionBuilder<readonly ['i32', 'i32']>;
  readonly products: Products<SeenProduct>;
}

/** The functions that a unit calls, and the rows that products read. */
export interface GradientParts {
  readonly turnQ: RowsFunction;
  readonly turnG: RowsFunction;
  readonly numbers: FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32']>;
  readonly scores: WriteScores;
  readonly towards: Product;
  readonly change: FunctionBuilder<readonly ['i32', 'i32', 'i32', 'i32']>;
  readonly zero: FunctionBuilder<readonly ['i32', 'i32']>;
  readonly products: Products<Product>;
  readonly areTame: Readonly<Record<'q' | 'k' | 'v' | 'g' | 'numbers', AreTame>>;
  readonly careful: Careful;
  readonly lines: Readonly<Record<Line, RowsFunction | undefined>>;
  /** Bytes from row to row of what is read as vectors. */
  readonly step: Readonly<Record<Line, number>>;
}

/** Adds them. */
export function addParts(
  module: ModuleBuilder,
  library: MathLibrary,
  spec: AttentionGradientSpec,
  operands: Readonly<Record<string, Operand>>,
  relaxed: boolean,
): GradientParts {
  const { size, valueSize, scale } = spec;
  const rows = (name: string, width: number): RowSteps => rowsOf(operands[name] as Operand, width);
  const [q, k, v, g] = [rows('q', size), rows('k', size), rows('v', valueSize), rows('g', valueSize)];
  const line = (name: Line, own: RowSteps): RowsFunction | undefined =>
    isAdjacent(spec, name) ? undefined : addLine(module, `line${name}`, own);
  const step = (name: Line, own: RowSteps): number => (isAdjacent(spec, name) ? own.row : own.size * 4);
  const steps = { q: step('q', q), k: step('k', k), g: step('g', g) };
  const result = (name: string): number => operands[name]?.steps.at(-2) as number;
  /** Sums over queries, of panels that lie side by side. */
  const overQueries = { aRow: blockRow, aDepth: 4, adds: true, relaxed };
  const strips = {
    toQ: { aRow: 4, aDepth: blockRow, bDepth: steps.k, cRow: result('dq'), adds: true, relaxed },
    toK: { ...overQueries, bDepth: steps.q, cRow: result('dk') },
    toV: { ...overQueries, bDepth: steps.g, cRow: result('dv') },
  };
  const scores = addScores(module, spec, blockRow, relaxed);
  const numberStep = (name: string): number => operands[name]?.steps.at(-1) as number;
  const numberSteps = { logSum: numberStep('logSum'), delta: numberStep('delta') };
  return {
    turnQ: addTurn(module, 'turnQ', q, scale),
    turnG: addTurn(module, 'turnG', g, 1),
    numbers: addNumbers(module, numberSteps),
    scores: scores.write,
    towards: addProduct(module, 'towards', panelQueries, {
      aRow: v.row,
      aDepth: v.column,
      bDepth: panelRow,
      cRow: blockRow,
      adds: false,
      relaxed,
    }),
    change: addChange(module, library, blockRow, scale),
    zero: addFill(module, 'zero', 0),
    products: {
      toQ: addProduct(module, 'toQ', size, strips.toQ),
      toK: addProduct(module, 'toK', size, strips.toK),
      toV: addProduct(module, 'toV', valueSize, strips.toV),
    },
    areTame: {
      q: addTameRows(module, 'tameQ', q, 'factor'),
      k: addTameRows(module, 'tameK', k, 'factor'),
      v: addTameRows(module, 'tameV', v, 'factor'),
      g: addTameRows(module, 'tameG', g, 'factor'),
      numbers: addTameNumbers(module),
    },
    careful: {
      marks: addMarks(module, scores, blockRow),
      hideSilent: addHideSilent(module, numberSteps.logSum, blockRow),
      hideAll: addFill(module, 'hideAll', Number.NEGATIVE_INFINITY),
      products: {
        toQ: addSeenProduct(module, 'toQSeen', size, strips.toQ),
        toK: addSeenProduct(module, 'toKSeen', size, strips.toK),
        toV: addSeenProduct(module, 'toVSeen', valueSize, strips.toV),
      },
    },
    lines: { q: line('q', q), k: line('k', k), g: line('g', g) },
    step: steps,
  };
}
