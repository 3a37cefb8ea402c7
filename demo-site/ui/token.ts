/**
 * The token that came with the link: it stands in the fragment (`#t=...`), which browsers never send, and is then kept for this
 * tab only and taken out of the address, so that it lands neither in screenshots nor in the history.
 */
export function takeToken(page: 'volunteer' | 'dashboard'): string | undefined {
  const key = `muster.${page}.token`;
  const given = new URLSearchParams(location.hash.slice(1)).get('t');
  if (given !== null && given !== '') {
    history.replaceState(history.state, '', location.pathname + location.search);
    try {
      sessionStorage.setItem(key, given);
    } catch {
      // Storage is switched off: the token lives as long as the page does.
    }
    return given;
  }
  try {
    return sessionStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}
