/** What `espalier data` shows of pictures: classes with counts. */
import { readPictures } from '@espalier/data/node';
import type { Session } from '../cli/session.ts';
import { formatCount } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';

const right = { align: 'right' } as const;

/** How many pictures are told by name. */
const shownValues = 3;

/** Shows what would be read of a folder of pictures. */
export async function showPictureData(session: Session, folder: string): Promise<void> {
  const { classes, labels, paths } = await readPictures(folder, { size: 1 });
  const counts = classes.map((value, index) => ({
    value,
    count: labels.reduce((count, label) => count + (label === index ? 1 : 0), 0),
  }));
  session.result(
    { source: folder, pictures: paths.length, classes: counts, samples: paths.slice(0, shownValues) },
    () => {
      const rows = counts.map(({ value, count }) => [value, formatCount(count)]);
      const table = renderTable([{ heading: 'class' }, { heading: 'pictures', ...right }], rows, session.stdout);
      return `${table}\n\n${formatCount(paths.length)} pictures of ${classes.length} classes`;
    },
  );
}
