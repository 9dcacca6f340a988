/** Brings what a student's module gives to the shape of what its teacher's gives. */
import { build, type Module, type ModuleConfig } from '@espalier/nn';
import { avgPool2d, ShapeError, type Device, type DType, type Shape, type Tensor } from '@espalier/tensor';

/** The axis of features: channels of images, else the last one. */
export function featureAxis(shape: Shape): number {
  return shape.length === 4 ? 1 : shape.length - 1;
}

/** What a projection is made for. */
export interface ProjectionSite {
  readonly seed: number;
  readonly device: Device;
  readonly dtype: DType;
}

/**
 * A linear map of features, at each place alike: learned with the student, then thrown away. Source: A. Romero et al.,
 * "FitNets: Hints for thin deep nets", ICLR 2015.
 */
export function projection(student: Shape, teacher: Shape, { seed, device, dtype }: ProjectionSite): Module {
  const [from, to] = [student[featureAxis(student)] ?? 1, teacher[featureAxis(teacher)] ?? 1];
  const config: ModuleConfig =
    student.length === 4 ? { type: 'conv2d', in: from, out: to, kernel: 1 } : { type: 'linear', in: from, out: to };
  return build(config, { seed, device, dtype });
}

/**
 * Images [batch, channels, height, width] at the places of the smaller one: the larger is averaged over tiles.
 * @throws {ShapeError} where tiles do not fit.
 */
export function atSamePlaces(student: Tensor, teacher: Tensor): readonly [Tensor, Tensor] {
  if (student.rank !== 4 || teacher.rank !== 4) return [student, teacher];
  const [own, wanted] = [student.shape.slice(2), teacher.shape.slice(2)];
  if (own.join() === wanted.join()) return [student, teacher];
  const isLarger = (own[0] ?? 0) >= (wanted[0] ?? 0);
  const [large, small] = isLarger ? [own, wanted] : [wanted, own];
  const tile = large.map((size, axis) => size / (small[axis] ?? 1));
  if (tile.some((size) => !Number.isInteger(size)))
    throw new ShapeError(
      'match',
      `the student's [${own.join(', ')}] and the teacher's [${wanted.join(', ')}] are no whole number of tiles of one another; match modules of the same places`,
    );
  const pooled = (x: Tensor): Tensor => avgPool2d(x, { kernel: tile as [number, number] });
  return isLarger ? [pooled(student), teacher] : [student, pooled(teacher)];
}
