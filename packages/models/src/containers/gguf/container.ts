/** GGUF as a container. */
import type { Container } from '../container.ts';
import { openGguf } from './open.ts';
import { ggufLosses, writeGguf } from './write.ts';

/** Files of llama.cpp, with weights in blocks. */
export const gguf: Container = {
  type: 'gguf',
  extensions: ['gguf'],
  detects: (head) => [0x47, 0x47, 0x55, 0x46].every((byte, index) => head[index] === byte),
  open: openGguf,
  losses: ggufLosses,
  write: writeGguf,
};
