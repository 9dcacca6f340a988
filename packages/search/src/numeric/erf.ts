/** The error function and its kin in doubles, which JavaScript lacks and normal distributions are made of. */

const small = {
  over: [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694],
  under: [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171],
};
const middle = {
  over: [
    2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001,
    881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  ],
  under: [
    1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
    4362.619090143247, 3439.3676741437216, 1230.3393548037495,
  ],
};
const large = {
  over: [
    0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
    0.0006587491615298378,
  ],
  under: [1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918],
};
const inverseRootPi = 1 / Math.sqrt(Math.PI);

function ratio({ over, under }: typeof small, x: number): number {
  let [a, b] = [0, 0];
  for (const coefficient of over) a = a * x + coefficient;
  for (const coefficient of under) b = b * x + coefficient;
  return a / b;
}

/** exp(-x²), with the square split in two so that its rounding does not show. */
function expMinusSquare(x: number): number {
  const coarse = Math.trunc(x * 16) / 16;
  return Math.exp(-coarse * coarse) * Math.exp((coarse - x) * (coarse + x));
}

/**
 * The scaled complementary error function, exp(x²) · erfc(x), for x from 0.46875 on.
 */
function scaledTail(x: number): number {
  if (x <= 4) return ratio(middle, x);
  const inverse = 1 / (x * x);
  return (inverseRootPi - inverse * ratio(large, inverse)) / x;
}

/**
 * The error function, to the last digits of a double.
 *
 * Source: W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969).
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.46875) return x * ratio(small, x * x);
  return Math.sign(x) * (1 - expMinusSquare(size) * scaledTail(size));
}

/** 1 - erf(x), without the loss of digits for large x. Source: as {@link erf}. */
export function erfc(x: number): number {
  if (Math.abs(x) <= 0.46875) return 1 - erf(x);
  return x > 0 ? expMinusSquare(x) * scaledTail(x) : 2 - erfc(-x);
}

/** exp(x²) · erfc(x), which neither overflows nor vanishes, for x ≥ 0. Source: as {@link erf}. */
export function erfcx(x: number): number {
  return x <= 0.46875 ? Math.exp(x * x) * erfc(x) : scaledTail(x);
}
