/** What `espalier data` shows of pictures: classes with counts, sizes, what is damaged, the parts that a run would use. */
import { openGallery, surveyPictures, type PictureSurvey } from '@espalier/data/node';
import { checkSurvey } from '@espalier/pipeline/node';
import type { Session } from '../cli/session.ts';
import { reportOf } from '../errors.ts';
import { formatCount } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { defaultSeed } from '../cli/options.ts';
import { checkSide } from './run-pictures.ts';

const right = { align: 'right' } as const;

/** So many sizes, damaged pictures and the like are told one by one. */
const shown = 8;

/** Some of a list, a line each, and how many there are beside. */
function some(lines: readonly string[], heading: string): readonly string[] {
  if (lines.length === 0) return [];
  const others = lines.length > shown ? [`  and ${formatCount(lines.length - shown)} more`] : [];
  return [[heading, ...lines.slice(0, shown).map((line) => `  ${line}`), ...others].join('\n')];
}

/** What `run` would say against learning from pictures. */
function problemOf(path: string, survey: PictureSurvey): string | undefined {
  try {
    checkSurvey(path, survey);
    return undefined;
  } catch (error) {
    return reportOf(error).message;
  }
}

function showSurvey(path: string, survey: PictureSurvey, session: Session): string {
  const { classes, sizes, damaged, empty, passedOver, copies, disputed, leaked, isParted, train, test } = survey;
  const { size, colour } = survey;
  const against = problemOf(path, survey);
  const headings = ['pictures', 'train', 'test'].map((heading) => ({ heading, ...right }));
  const rows = classes.map((each) => [each.value, ...[each.count, each.train, each.test].map(formatCount)]);
  const found = sizes.map(({ height, width, count }) => `${width} × ${height}: ${formatCount(count)}`);
  return [
    renderTable([{ heading: 'class' }, ...headings], rows, session.stdout),
    ...some(found, 'sizes (width × height)'),
    ...some(
      damaged.map(({ problem }) => problem),
      'damaged',
    ),
    ...some(empty, 'without pictures'),
    ...some(passedOver, 'passed over, as no PNG, JPEG or WebP by their names'),
    ...(copies === 0 ? [] : [`${formatCount(copies)} pictures are copies of others`]),
    ...(disputed === 0 ? [] : [`${formatCount(disputed)} pictures have the bytes of one of another class`]),
    ...(leaked === 0 ? [] : [`${formatCount(leaked)} pictures to judge by are also there to learn from`]),
    `${formatCount(train.length)} to learn from, ${formatCount(test.length)} to judge by${isParted ? ', as the data says' : ''}; read as ${size} × ${size} pixels, ${colour === 'grey' ? 'grey' : 'in colour'}`,
    ...(against === undefined ? [] : [`nothing can be learnt from it as it is: ${against}`]),
  ].join('\n\n');
}

/**
 * Shows what would be read of pictures.
 * @throws {DataError} where there are none.
 */
export async function showPictureData(
  session: Session,
  path: string,
  options: { readonly size?: number; readonly seed?: number },
): Promise<void> {
  const { size, seed = defaultSeed } = options;
  checkSide(size);
  const survey = await surveyPictures(await openGallery(path), { seed, ...(size !== undefined && { size }) });
  const { train, test, ...told } = survey;
  const counts = { train: train.length, test: test.length };
  session.result({ kind: 'pictures', pictures: train.length + test.length, ...told, ...counts }, () =>
    showSurvey(path, survey, session),
  );
}
