/** Without a slash at its end; or what is wrong with it. */
export function checkedUrl(text: string): { readonly url: string } | string {
  const parsed = URL.parse(text);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return 'it is http://HOST:PORT';
  if (parsed.username !== '' || parsed.search !== '' || parsed.hash !== '') {
    return 'it has credentials, a query or a fragment, which cannot be sent';
  }
  return { url: text.replace(/\/+$/, '') };
}
