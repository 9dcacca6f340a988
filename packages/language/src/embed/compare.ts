/** Two models that give vectors beside each other on the same texts. */
import { wilsonInterval, type ProportionInterval } from '@espalier/optimize';
import { ArgumentError, cpu, fromTyped, type Tensor } from '@espalier/tensor';
import { anObject, check, ruleOf } from '@espalier/tensor/arguments';
import type { Embeddings } from './text-embedder.ts';

const someEmbeddings = ruleOf<Embeddings>(
  'vectors of texts, as embed gives them',
  (value) =>
    anObject.holds(value) &&
    value['values'] instanceof Float32Array &&
    Number.isSafeInteger(value['width']) &&
    (value['width'] as number) > 0,
);

/** What a model's vectors are beside those of another one. */
export interface EmbeddingComparison {
  readonly texts: number;
  /** Of each text's two vectors. */
  readonly cosine: { readonly mean: number; readonly worst: number };
  /** For how many texts the nearest of all others is the same, with its interval at 95 % (Wilson's). */
  readonly sameNearest: ProportionInterval;
}

/** Similarities that are in memory at once, at most. */
const mostSimilarities = 2 ** 22;

/**
 * Compares vectors of the same texts.
 * @throws {ArgumentError} for fewer than two texts, and for vectors of other texts or of another width.
 *
 * @example
 * const { cosine } = await compareEmbeddings(await base.embed(texts), await small.embed(texts));
 */
export async function compareEmbeddings(base: Embeddings, other: Embeddings): Promise<EmbeddingComparison> {
  const { width, values } = check('compareEmbeddings', 'base', base, someEmbeddings);
  check('compareEmbeddings', 'other', other, someEmbeddings);
  const texts = values.length / width;
  if (other.width !== width || other.values.length !== values.length)
    throw new ArgumentError(
      'compareEmbeddings',
      `${texts} vectors of ${width} numbers are beside ${other.values.length / other.width} of ${other.width}; embed the same texts, by models of one width`,
    );
  if (texts < 2)
    throw new ArgumentError('compareEmbeddings', 'there are fewer than two texts; nearest is one of the others');
  const [a, b] = [directionsOf(base), directionsOf(other)];
  let [sum, worst] = [0, 1];
  for (let text = 0; text < texts; text++) {
    let cosine = 0;
    for (let at = text * width; at < (text + 1) * width; at++) cosine += (a[at] as number) * (b[at] as number);
    // Rounding makes the cosine of equals a little more than 1.
    sum += Math.min(1, cosine);
    worst = Math.min(worst, cosine);
  }
  const [before, after] = [await nearestOf(a, texts, width), await nearestOf(b, texts, width)];
  const same = before.filter((each, text) => each === after[text]).length;
  return { texts, cosine: { mean: sum / texts, worst }, sameNearest: wilsonInterval(same, texts) };
}

/** Vectors of length 1, in doubles. */
function directionsOf({ values, width }: Embeddings): Float64Array {
  const made = Float64Array.from(values);
  for (let at = 0; at < made.length; at += width) {
    const row = made.subarray(at, at + width);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (const [index, value] of row.entries()) row[index] = value / length;
  }
  return made;
}

/** Which other text is nearest to each. */
async function nearestOf(directions: Float64Array, texts: number, width: number): Promise<readonly number[]> {
  const device = cpu();
  using all = fromTyped(Float32Array.from(directions), [texts, width], { device });
  const rows = Math.max(1, Math.floor(mostSimilarities / texts));
  const nearest: number[] = [];
  for (let at = 0; at < texts; at += rows) {
    const some = all.narrow(0, at, Math.min(rows, texts - at));
    const itself = numbersFrom(at, some.shape[0] as number)
      .unsqueeze(1)
      .eq(numbersFrom(0, texts));
    using found = some.matmul(all.t()).where(itself.logicalNot(), -2).argmax(-1);
    nearest.push(...((await found.data()) as Int32Array));
  }
  return nearest;

  function numbersFrom(first: number, count: number): Tensor {
    return fromTyped(
      Int32Array.from({ length: count }, (_, index) => first + index),
      [count],
      { device },
    );
  }
}
