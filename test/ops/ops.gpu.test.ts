import { device } from '@espalier/tensor';
import { describeOps } from './describe-ops.ts';

// WGSL allows flushing subnormal numbers to zero.
describeOps('webgpu', () => device('webgpu'), { runs: 2, subnormals: false });
