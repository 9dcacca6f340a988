/** Minimizes a smooth function in a box by its gradient: what fits a Gaussian process and climbs its acquisition. */
import { at } from './matrix.ts';

/** A function's value at x; writes its gradient there into the second argument. */
export type Differentiable = (x: Float64Array, gradient: Float64Array) => number;

/** Where and how long {@link minimize} looks. */
export interface MinimizeOptions {
  readonly low: number;
  readonly high: number;
  readonly iterations: number;
}

/** The lowest point found. */
export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
}

const memory = 8;

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, index) => sum + value * at(b, index), 0);
}

interface Step {
  readonly moved: Float64Array;
  readonly turned: Float64Array;
  readonly scale: number;
}

/** Minus the gradient times the inverse Hessian that the last steps suggest. */
function descent(gradient: Float64Array, steps: readonly Step[]): Float64Array {
  const direction = gradient.map((value) => -value);
  const weights: number[] = [];
  for (const { moved, turned, scale } of steps.toReversed()) {
    const weight = scale * dot(moved, direction);
    weights.push(weight);
    for (const [index, value] of turned.entries()) direction[index] = at(direction, index) - weight * value;
  }
  const last = steps.at(-1);
  if (last !== undefined) {
    const factor = 1 / (last.scale * dot(last.turned, last.turned));
    for (const [index, value] of direction.entries()) direction[index] = value * factor;
  }
  for (const { moved, turned, scale } of steps) {
    const change = (weights.pop() ?? 0) - scale * dot(turned, direction);
    for (const [index, value] of moved.entries()) direction[index] = at(direction, index) + change * value;
  }
  return direction;
}

/**
 * Goes downhill from a point within a box: L-BFGS over the coordinates that are free to move, with steps cut at the
 * walls and halved until they pay off.
 *
 * Source: Nocedal and Wright, "Numerical optimization", algorithm 7.4; the projection is that of Bertsekas 1982.
 */
export function minimize(fn: Differentiable, start: Float64Array, { low, high, iterations }: MinimizeOptions): Minimum {
  let x: Float64Array = start.map((value) => Math.min(high, Math.max(low, value)));
  let gradient: Float64Array = new Float64Array(x.length);
  let value = fn(x, gradient);
  const steps: Step[] = [];
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const held = x.map((own, index) => {
      const slope = at(gradient, index);
      return (own <= low && slope > 0) || (own >= high && slope < 0) ? 1 : 0;
    });
    const free = gradient.map((slope, index) => (at(held, index) === 1 ? 0 : slope));
    const steepest = Math.sqrt(dot(free, free));
    if (!(steepest > 1e-7)) break;
    let direction = descent(free, steps).map((own, index) => (at(held, index) === 1 ? 0 : own));
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      steps.length = 0;
      direction = free.map((own) => -own);
      slope = -steepest * steepest;
    }
    // The first step knows no scale: a tenth of the box at most.
    let length = steps.length === 0 ? Math.min(1, (0.1 * (high - low)) / Math.sqrt(dot(direction, direction))) : 1;
    let moved: Minimum | undefined;
    const nextGradient: Float64Array = new Float64Array(x.length);
    for (let halvings = 0; halvings < 20 && moved === undefined; halvings += 1, length /= 2) {
      const next = x.map((own, index) => Math.min(high, Math.max(low, own + length * at(direction, index))));
      const nextValue = fn(next, nextGradient);
      if (nextValue <= value + 1e-4 * length * slope) moved = { x: next, value: nextValue };
    }
    if (moved === undefined) break;
    const from = x;
    const before = gradient;
    const gained = value - moved.value;
    const step = {
      moved: moved.x.map((own, index) => own - at(from, index)),
      turned: nextGradient.map((own, index) => own - at(before, index)),
    };
    const curvature = dot(step.moved, step.turned);
    if (curvature > 1e-12) steps.push({ ...step, scale: 1 / curvature });
    if (steps.length > memory) steps.shift();
    ({ x, value } = moved);
    gradient = nextGradient;
    if (gained <= 1e-9 * (1 + Math.abs(value))) break;
  }
  return { x, value };
}
