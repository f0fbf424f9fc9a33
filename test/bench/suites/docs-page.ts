/** Between them stand the newest figures in docs/performance.md. */
export const MARKERS = {
  begin: '<!-- of the newest run: written by npm run bench -- goals --write -->',
  end: '<!-- end of the newest run -->',
};
