/** What comes before the first `?` of a URL, and what follows it where that is a query: names, each with a value. */
function partsOf(url: string): readonly [string, string | undefined] {
  const mark = url.indexOf('?');
  const query = url.slice(mark + 1);
  // A question mark may also stand in a password that nobody encoded.
  return mark !== -1 && /^(?:[\w%.+-]+=[^&]*(?:&|$))*$/u.test(query) ? [url.slice(0, mark), query] : [url, undefined];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether a parameter of a URL is a secret, such as `password` and `sslpassword` of PostgreSQL. */
function isSecret(parameter: string): boolean {
  const [name = ''] = parameter.split('=', 1);
  return /password|passwd|secret|token/iu.test(decoded(name));
}

/**
 * A URL as it may be shown: without the password, be it before the host (`user:password@`) or a parameter (`?password=`).
 * A password with characters that should have been encoded goes too, as does one in a URL that cannot be read. Whatever is
 * no URL of a server, such as `sqlite:runs/studies.db`, stays as it is.
 */
export function shownUrl(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/|postgres(?:ql)?:\/?)(.*)$/isu.exec(url) ?? [];
  if (scheme === '') return url;
  const [place, query] = partsOf(rest);
  const at = place.lastIndexOf('@');
  const [user = ''] = place.slice(0, Math.max(0, at)).split(':', 1);
  const shown = at === -1 ? place : `${user}${place.slice(at)}`;
  const parameters = (query ?? '').split('&').filter((parameter) => parameter !== '' && !isSecret(parameter));
  return `${scheme}${shown}${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`;
}

/** A text in which every URL of a database server is as {@link shownUrl} shows it. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(/\bpostgres(?:ql)?:\/\/[^\s'"`<>]+/giu, shownUrl);
}
