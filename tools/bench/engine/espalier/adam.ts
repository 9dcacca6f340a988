/** Steps of Adam on one large parameter. */
import { compile, type Tensor } from '@espalier/tensor';
import { Adam, Parameter } from '@espalier/nn';
import { operand, setting, type Prepared, type Problem, type Surroundings } from '../problem.ts';
import { placed } from './repeated.ts';

/** A parameter and its gradient in a storage; what the optimizer keeps is f32. */
export function adam(problem: Problem, { storage }: Surroundings): Prepared {
  const parameter = new Parameter(placed(operand(problem, 0), storage));
  const gradient = placed(operand(problem, 1), storage);
  const optimizer = new Adam({ lr: setting(problem, 'rate') }).attach(new Map([['p', parameter]]));
  const step = compile((g: Tensor) => optimizer.step([g]));
  return {
    step: () => step(gradient),
    results: async () => [...(await parameter.tensor.cast('f32').data())].map(Number),
  };
}
