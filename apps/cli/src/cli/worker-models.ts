/** What workers import for folders that were made of files of others, and for data in such. */
import { registerOnnx, registerTensors } from '@espalier/models';
import { registerArrays } from '../files/arrays-source.ts';

registerOnnx();
registerTensors();
registerArrays();
