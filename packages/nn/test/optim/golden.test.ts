import { buildOptimizer, Parameter } from '@espalier/nn';
import { tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, test } from 'vitest';
import { golden } from '../helpers/golden.ts';
import { at } from '../helpers/at.ts';

describe('optimizers agree with PyTorch in f64', () => {
  test.each(golden.optimizers.map((each) => ({ name: JSON.stringify(each.config), ...each })))(
    '$name',
    async ({ config, values }) => {
      const optimizer = buildOptimizer(config);
      const parameter = new Parameter(tensor([...golden.start], { dtype: 'f64' }));
      optimizer.attach(new Map([['p', parameter]]));
      for (const [step, gradient] of golden.gradients.entries()) {
        optimizer.step([tensor([...gradient], { dtype: 'f64' })]);
        await expectClose(parameter.tensor.dataSync(), at(values, step), {
          absolute: 1e-12,
          relative: 1e-12,
        });
      }
    },
  );
});
