/**
 * Gradients of products. Nothing is divided by a factor, so that they hold beside zeros, however many there are, and can
 * be differentiated any number of times.
 */
import type { Tensor } from '../tensor/tensor.ts';

/** The elements `by` further along the last axis; `filler` where there is none. */
function fromFurther(x: Tensor, by: number, filler: number): Tensor {
  const length = x.shape.at(-1) as number;
  return x.narrow(-1, by, length - by).pad([[0, by]], filler);
}

/** Products of all elements behind each one along the last axis, by doubling: Hillis and Steele, CACM 29 (12), 1986. */
function productsBehind(x: Tensor): Tensor {
  const length = x.shape.at(-1) as number;
  let products = fromFurther(x, 1, 1);
  for (let reach = 1; reach < length - 1; reach *= 2) products = products.mul(fromFurther(products, reach, 1));
  return products;
}

/** For each element along the last axis, the product of all others. */
export function productsOfOthers(x: Tensor): Tensor {
  return productsBehind(x).mul(productsBehind(x.flip(-1)).flip(-1));
}
