/** Pictures moved, turned and covered, by tensor operations that a training step records. */
import { fromTyped, type Tensor } from '@espalier/tensor';

/** Positions along an axis, from its middle. */
function positions(size: number, like: Tensor): Tensor {
  return fromTyped(
    Float32Array.from({ length: size }, (_, index) => index - (size - 1) / 2),
    [size],
    { device: like.device },
  );
}

/** Whether places are on an axis, as 1 and 0. */
const inside = (place: Tensor, size: number): Tensor =>
  place
    .ge(0)
    .logicalAnd(place.le(size - 1))
    .cast('f32');

/**
 * Pictures x [n, channels, height, width] by maps [n, 6] of where pixels come from, between four of them where they fall between; black
 * from outside.
 */
export function warp(x: Tensor, maps: Tensor): Tensor {
  const [n = 0, channels = 0, height = 0, width = 0] = x.shape;
  const part = (index: number): Tensor => maps.select(1, index).reshape(n, 1, 1);
  const across = positions(width, x).reshape(1, 1, width);
  const down = positions(height, x).reshape(1, height, 1);
  const from = (first: number, size: number): Tensor =>
    part(first)
      .mul(across)
      .add(part(first + 1).mul(down))
      .add(part(first + 2))
      .add((size - 1) / 2);
  const [sourceX, sourceY] = [from(0, width), from(3, height)];
  const [left, top] = [sourceX.floor(), sourceY.floor()];
  const [right, bottom] = [sourceX.sub(left), sourceY.sub(top)];
  const flat = x.reshape(n, channels, height * width);
  const corner = (dx: 0 | 1, dy: 0 | 1): Tensor => {
    const [atX, atY] = [left.add(dx), top.add(dy)];
    const index = atY
      .clamp(0, height - 1)
      .mul(width)
      .add(atX.clamp(0, width - 1))
      .cast('i32');
    const pixels = flat.gather(2, index.reshape(n, 1, height * width).expand(n, channels, height * width));
    const shareX = dx === 1 ? right : right.neg().add(1);
    const shareY = dy === 1 ? bottom : bottom.neg().add(1);
    const share = shareX.mul(shareY).mul(inside(atX, width)).mul(inside(atY, height));
    return pixels.reshape(n, channels, height, width).mul(share.reshape(n, 1, height, width));
  };
  return corner(0, 0).add(corner(1, 0)).add(corner(0, 1)).add(corner(1, 1));
}

/** Pictures with a black box each, by their edges [n, 4]. */
export function cover(x: Tensor, boxes: Tensor): Tensor {
  const [n = 0, , height = 0, width = 0] = x.shape;
  const edge = (index: number): Tensor => boxes.select(1, index).reshape(n, 1, 1, 1);
  const across = positions(width, x)
    .add((width - 1) / 2)
    .reshape(1, 1, 1, width);
  const down = positions(height, x)
    .add((height - 1) / 2)
    .reshape(1, 1, height, 1);
  const isCovered = across
    .ge(edge(0))
    .logicalAnd(across.lt(edge(2)))
    .logicalAnd(down.ge(edge(1)))
    .logicalAnd(down.lt(edge(3)));
  return x.where(isCovered.logicalNot(), 0);
}
