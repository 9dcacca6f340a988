/** PyTorch, in a process of Python. */
export { description, ops } from '../torch/process.ts';
