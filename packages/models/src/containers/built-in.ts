/** The formats that are known from the start, in the order in which they are asked whether a file is theirs. */
import type { Container } from './container.ts';
import { gguf } from './gguf/container.ts';
import { npy, npz } from './numpy/numpy.ts';
import { pytorch } from './pytorch/pytorch.ts';
import { safetensors, safetensorsIndex } from './safetensors/container.ts';

/** A line for each. */
export const builtIn: readonly Container[] = [safetensors, safetensorsIndex, gguf, npy, npz, pytorch];
