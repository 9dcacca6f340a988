/** Espalier, as it was built. */
import { cpu } from '@espalier/tensor';
import { adam } from '../espalier/adam.ts';
import { encoded } from '../espalier/encoded.ts';
import { training } from '../espalier/models.ts';
import { ops as plainOps } from '../espalier/ops.ts';
import { placed, repeated } from '../espalier/repeated.ts';
import { preparedOps, type Engine } from '../problem.ts';

export const description: string = `espalier (${cpu().description})`;

export const ops: Engine['ops'] = preparedOps(
  plainOps,
  (op, problem, { storage }) =>
    repeated(
      (inputs) => op(inputs, problem),
      problem.operands.map((each) => placed(each, storage)),
    ),
  { adam, encoded, mlp: training, lenet: training, gpt: training },
);
