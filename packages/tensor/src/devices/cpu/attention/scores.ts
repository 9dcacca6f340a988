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

/** How scores are computed, and hidden where a query does not see a key. */
export interface ScoreFunctions {
  /** Writes scores, -∞ where they are hidden. */
  readonly write: WriteScores;
  /** Hides those of what there is. */
  readonly hide: WriteScores;
}

/** What is told of each pair, and what that does to scores. */
interface Pairs {
  readonly name: 'bias' | 'mask';
  readonly steps: PairSteps;
  readonly change: PairFunction;
}

/** Adds what scores are computed by, in panels whose rows are so many bytes apart. */
export function addScores(
  module: ModuleBuilder,
  spec: AttentionShape,
  panelStep: number,
  relaxed: boolean,
): ScoreFunctions {
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
  const pairs = (name: Pairs['name'], add: typeof addBias): Pairs | undefined => {
    const access = spec[name];
    if (!access) return undefined;
    const steps = pairSteps(operandOf(spec, access));
    return { name, steps, change: add(module, steps, panelStep) };
  };
  const [bias, mask] = [pairs('bias', addBias), pairs('mask', addHideUnseen)];
  const change = (f: FunctionBuilder, place: ScorePlace, by: Pairs | undefined): void => {
    if (!by) return;
    const { name, steps } = by;
    const from = plus(place[name] as Local, plus(times(place.query, steps.query), times(place.key, steps.key)));
    f.do(call(by.change, place.scores, from, place.rows, place.count));
  };
  const hide: WriteScores = (f, place) => {
    const { scores, rows, seen } = place;
    change(f, place, mask);
    if (!hideLater || !seen) return;
    const late = atLeast(f, plus(seen, 1), 0);
    f.if(op('i32.lt_s', late, rows), () => f.do(call(hideLater, scores, late, rows, seen)));
  };
  return {
    write: (f, place) => {
      product(f, place.k, place.turned, place.scores, place.rows, i32(size));
      change(f, place, bias);
      hide(f, place);
    },
    hide,
  };
}

function pairSteps({ steps }: Operand): PairSteps {
  return { query: steps.at(-2) as number, key: steps.at(-1) as number };
}
