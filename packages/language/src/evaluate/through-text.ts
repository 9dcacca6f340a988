/** Goes through a text with one model or several: windows in, a few numbers for each scored token out. */
import { breather, enterEvaluation, throwIfAborted, type Module } from '@espalier/nn';
import { ArgumentError, compile, concat, fromTyped, noGrad, type Device, type Tensor } from '@espalier/tensor';
import { logitsOf, partsOf, vocabularyOf } from './logit-parts.ts';
import type { EvaluateTextOptions } from './options.ts';
import { scoredBy, type Scored } from './protocol.ts';
import { batchesOf, inputsOf, type Tokens } from './windows.ts';

/** What is computed of scored tokens, [windows, positions] each: of the logits of each model, and of the tokens that came. */
export type Score = (logits: readonly Tensor[], targets: Tensor) => readonly Tensor[];

/** Windows that fill about as many tokens as one of the usual length are computed together. */
const tokensTogether = 512;

/** A token that was scored. */
export interface TokenPlace {
  /** The number of its window, from 0. */
  readonly window: number;
  /** Its place in the window: as many tokens are before it. */
  readonly position: number;
  readonly id: number;
}

/** What looks at a text. */
export interface Visitor {
  readonly operation: string;
  readonly models: readonly Module[];
  readonly score: Score;
  /** Told what `score` gives for each scored token, in order. */
  readonly visit: (values: readonly number[], token: TokenPlace) => void;
  /** Told how many windows are done, after each batch. */
  readonly after: (chunks: number) => void;
}

/** What was gone through. */
export interface Gone extends Scored {
  /** Windows. */
  readonly chunks: number;
}

/**
 * Goes through a text.
 * @throws {ArgumentError} for a text that fills no window, for ids that no token has, for models of several vocabularies, and for
 * a model that gives NaN.
 */
export async function throughText(tokens: Tokens, options: EvaluateTextOptions, visitor: Visitor): Promise<Gone> {
  const { protocol = 'p1', chunk, chunks: most = Infinity, begin, signal } = options;
  const { operation, models, score } = visitor;
  const scored = scoredBy(operation, protocol, chunk);
  const batch = options.batch ?? Math.max(1, Math.floor(tokensTogether / scored.chunk));
  const device = deviceOf(operation, models);
  const vocabulary = commonVocabulary(operation, models, device);
  const leave = models.map(enterEvaluation);
  const pause = breather(100);
  const step = compile((shown: Tensor, targets: Tensor) =>
    noGrad(() => {
      const logits = models.map((model) => logitsOf(model, shown));
      const windows = shown.shape[0] as number;
      const found = partsOf({ windows, ...scored }, vocabulary).map(({ from, count }) =>
        score(
          logits.map((of) => of({ from, count })),
          targets.narrow(-1, from - scored.first, count),
        ),
      );
      return (found[0] as readonly Tensor[]).map((_, index) =>
        concat(
          found.map((each) => each[index] as Tensor),
          -1,
        ),
      );
    }),
  );
  let chunks = 0;
  try {
    for await (const each of batchesOf(tokens, scored.chunk, { operation, batch, most })) {
      throwIfAborted(signal);
      checkIds(operation, each.ids, vocabulary);
      const { shown, targets } = inputsOf(each, scored, begin);
      using ids = fromTyped(shown, [each.windows, scored.chunk], { device });
      using wanted = fromTyped(targets, [each.windows, scored.count], { device });
      const found = step(ids, wanted);
      const columns = await Promise.all(found.map((tensor) => tensor.data()));
      for (const tensor of found) tensor.dispose();
      for (const [at, id] of targets.entries()) {
        const values = columns.map((column) => Number(column[at]));
        const window = chunks + Math.floor(at / scored.count);
        if (values.some(Number.isNaN))
          throw new ArgumentError(
            operation,
            `the model gives NaN in window ${window}: its weights are damaged, or too large for what it computes in`,
          );
        visitor.visit(values, { window, position: scored.first + 1 + (at % scored.count), id });
      }
      chunks += each.windows;
      visitor.after(chunks);
      await pause();
    }
  } finally {
    step.dispose();
    for (const back of leave) back();
  }
  if (chunks === 0)
    throw new ArgumentError(
      operation,
      `the text has fewer than ${scored.chunk} tokens, and fills no window; give a longer one, or a smaller chunk`,
    );
  return { ...scored, chunks };
}

function deviceOf(operation: string, models: readonly Module[]): Device {
  const devices = new Set(models.map((model) => model.parameters()[0]?.device));
  const [device] = devices;
  if (!device) throw new ArgumentError(operation, 'the model has no parameter, and no device');
  if (devices.size > 1) throw new ArgumentError(operation, 'the models are on several devices; open both on one');
  return device;
}

function commonVocabulary(operation: string, models: readonly Module[], device: Device): number {
  const sizes = models.map((model) => vocabularyOf(model, device));
  const [size = 0] = sizes;
  if (sizes.every((each) => each === size)) return size;
  throw new ArgumentError(
    operation,
    `the models tell ${sizes.join(' and ')} tokens apart; compare models of one vocabulary`,
  );
}

function checkIds(operation: string, ids: Int32Array, vocabulary: number): void {
  const odd = ids.find((id) => id < 0 || id >= vocabulary);
  if (odd !== undefined)
    throw new ArgumentError(operation, `${odd} is the id of no token; the model has ids below ${vocabulary}`);
}
