/** Imported before a program: writes the most memory that it had, in bytes, to the file that ESPALIER_PEAK_FILE names, when it ends. */
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  writeFileSync(process.env.ESPALIER_PEAK_FILE, String(process.resourceUsage().maxRSS * 1024));
});
