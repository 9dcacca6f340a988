/** Scores of the queries of a panel and of keys, as both directions compute them: -∞ where a query does not see a key. */
import { call, i32, op, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { AttentionShape } from '../../../kernel/spec.ts';
import { addBias, addHideLater, addHideUnseen, type PairFunction, type PairSteps } from './hiding.ts';
import { atLeast, operandOf, plus, rowsOf, times, type Operand } from './operands.ts';
import { panelRow } from './panels.ts';
import { addProduct } from './strip.ts';

/** What scores are made from, at a place: locals are addresses and numbers. */
export interface ScorePlace {
  /** The first key. */
  readonly k: Local;
  /** The panel's queries, turned over and scaled. */
  readonly turned: Local;
  /** The panel of scores, of whose rows `rows` are computed. */
  readonly scores: Local;
  readonly rows: Local;
  /** Queries of the panel, the number of the first one and of the first key. */
  readonly count: Local;
  readonly query: Local;
  readonly key: Local;
  /** Where it is causal: the last row that the first query sees. */
  readonly seen: Local | undefined;
  /** Of the head, as far as there are any. */
  readonly mask: Local | undefined;
  readonly bias: Local | undefined;
}

/** Writes the scores of a place. */
export type WriteScores = (f: FunctionBuilder, place: ScorePlace) => void;

/** Adds what scores are computed by, in panels whose rows are so many bytes apart. */
export function addScores(
  module: ModuleBuilder,
  spec: AttentionShape,
  panelStep: number,
  relaxed: boolean,
): WriteScores {
  const { size, causal } = spec;
  const k = rowsOf(operandOf(spec, spec.k), size);
  const product = addProduct(module, 'score', 8, {
    aRow: k.row,
    aDepth: k.column,
    bDepth: panelRow,
    cRow: panelStep,
    adds: false,
    relaxed,
  });
  const hideLater = causal ? addHideLater(module, panelStep) : undefined;
  const pairs = (['bias', 'mask'] as const).flatMap((name) => {
    const access = spec[name];
    if (!access) return [];
    const steps = pairSteps(operandOf(spec, access));
    const change: PairFunction =
      name === 'mask' ? addHideUnseen(module, steps, panelStep) : addBias(module, steps, panelStep);
    return [{ name, steps, change }];
  });
  return (f, place) => {
    const { turned, scores, rows, seen } = place;
    product(f, place.k, turned, scores, rows, i32(size));
    for (const { name, steps, change } of pairs) {
      const from = plus(place[name] as Local, plus(times(place.query, steps.query), times(place.key, steps.key)));
      f.do(call(change, scores, from, rows, place.count));
    }
    if (!hideLater || !seen) return;
    const late = atLeast(f, plus(seen, 1), 0);
    f.if(op('i32.lt_s', late, rows), () => f.do(call(hideLater, scores, late, rows, seen)));
  };
}

function pairSteps({ steps }: Operand): PairSteps {
  return { query: steps.at(-2) as number, key: steps.at(-1) as number };
}
