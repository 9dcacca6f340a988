/** Loop specs: for each outer index, the row steps, then each walk over the inner dimensions. */
import { phases, type Phase } from '../../kernel/phases.ts';
import type { LoopInstruction, LoopSpec } from '../../kernel/spec.ts';
import { foldOf } from './arithmetic.ts';
import { compileBody, createFrame, type Frame, type Step } from './body.ts';
import { forEachIndex, sizesAt } from './indices.ts';
import type { Interpreter } from './kernel.ts';

/** Interprets a fused loop nest in the order that `phases` gives. */
export function interpretLoop(spec: LoopSpec): Interpreter {
  const frame = createFrame(spec.body.length, spec.outer.length + spec.inner.length);
  const steps = compileBody(spec.body, frame);
  const { before, walks } = phases(spec);
  const beforeSteps = pick(steps, before);
  const compiledWalks = walks.map((walk) => compileWalk(walk, spec, steps, frame));
  return (elements) => {
    frame.elements = elements;
    frame.sizes = sizesAt([...spec.outer, ...spec.inner], elements, spec.limits);
    forEachIndex(frame.sizes.slice(0, spec.outer.length), frame.index, 0, () => {
      for (const step of beforeSteps) step();
      for (const walk of compiledWalks) walk();
    });
    frame.elements = [];
  };
}

function compileWalk(walk: Phase, spec: LoopSpec, steps: readonly Step[], frame: Frame): Step {
  const { values, index } = frame;
  const points = pick(steps, walk.points);
  const rows = pick(steps, walk.rows);
  const folds = walk.reduces.map((position) => {
    const { op, arg, dtype } = spec.body[position] as Extract<LoopInstruction, { kind: 'reduce' }>;
    return { position, arg, ...foldOf(op, dtype) };
  });
  return () => {
    for (const fold of folds) values[fold.position] = fold.identity;
    forEachIndex(frame.sizes.slice(spec.outer.length), index, spec.outer.length, () => {
      for (const step of points) step();
      for (const fold of folds) values[fold.position] = fold.combine(values[fold.position] ?? 0, values[fold.arg] ?? 0);
    });
    for (const fold of folds) values[fold.position] = fold.finish(values[fold.position] ?? 0);
    for (const step of rows) step();
  };
}

function pick(steps: readonly Step[], positions: readonly number[]): Step[] {
  const wanted = new Set(positions);
  return steps.filter((_, position) => wanted.has(position));
}
