import { device } from '@espalier/tensor';
import { describeOps } from '../ops/describe-ops.ts';

describeOps('cpu', () => device('cpu'), { runs: 3 });
describeOps('webgpu', () => device('webgpu'), { runs: 2, subnormals: false });
