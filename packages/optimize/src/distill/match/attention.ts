/** Attention transfer: where a student looks. */
import { ShapeError, type Tensor } from '@espalier/tensor';

/** What a norm is at least, so that activations that are all 0 have a direction: none. */
const least = 1e-24;

/**
 * How much there is at each place, as a unit vector [batch, places]: the sum of squares over channels (or heads) of
 * [batch, channels, ...places], or over the features of [batch, places, features].
 */
function attentionMap(activations: Tensor): Tensor {
  const { rank, shape } = activations;
  if (rank < 3)
    throw new ShapeError(
      'attention',
      `[${shape.join(', ')}] has no places to attend to; it takes [batch, channels, ...places] or [batch, places, features]`,
    );
  const strength = activations
    .square()
    .mean(rank === 3 ? 2 : 1)
    .flatten(1);
  return strength.div(strength.square().sum(1, { keepDims: true }).clamp(least).sqrt());
}

/**
 * ‖Q_s / ‖Q_s‖ - Q_t / ‖Q_t‖‖², Q = Σ_c A², the mean over the batch: of maps with any numbers of channels or heads, at the same
 * places. Source: S. Zagoruyko and N. Komodakis, "Paying more attention to attention", ICLR 2017; the square of its norm, as in
 * the authors' code, whose gradient is defined where both agree.
 * @throws {ShapeError} for activations without places, and for places that are not as many.
 */
export function attentionTransfer(student: Tensor, teacher: Tensor): Tensor {
  const [own, wanted] = [attentionMap(student), attentionMap(teacher)];
  if (own.shape[1] !== wanted.shape[1])
    throw new ShapeError(
      'attention',
      `the student looks at ${own.shape[1]} places and the teacher at ${wanted.shape[1]}; match modules of the same places`,
    );
  return own.sub(wanted).square().sum(1).mean();
}
