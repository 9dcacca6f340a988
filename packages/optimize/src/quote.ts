/** Values as errors show them. */
export { brief, show as quote } from '@espalier/tensor/arguments';
