/** What workers import for folders that were made of files of others. */
import { registerOnnx, registerTensors } from '@espalier/models';

registerOnnx();
registerTensors();
