/** Compresses the model of a folder layer by layer, and says how much memory it had at most: what the row of streaming runs. */
import { join } from 'node:path';
import { compressModel, planCompression, writeCompressedFolder } from '@espalier/language';
import { partFolder } from '@espalier/language/node';
import { openModelInParts } from '@espalier/models';
import { openModelFolder, writeFileBy } from '@espalier/models/node';
import { configure } from '@espalier/tensor';

const [folder = '', out = ''] = process.argv.slice(2);
configure({ threads: 1 });
const from = await openModelFolder(folder);
const model = await openModelInParts(from);
const plan = planCompression(model, { to: 'safetensors', method: { type: 'rtn', bits: 4, group: 32 } });
const made = await compressModel(model, plan, { parts: partFolder(`${out}.layers`) });
await writeCompressedFolder((file, write) => writeFileBy(join(out, file), write), made);
await made.close();
await from.close();
console.log(JSON.stringify({ peak: process.resourceUsage().maxRSS * 1024, bytes: plan.bytesBefore }));
