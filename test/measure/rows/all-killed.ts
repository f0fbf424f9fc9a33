import { Ledger } from '../load/ledger.ts';
import { KEYS, underLoad, type RoundResult, type Run } from '../round.ts';

/**
 * Every replica is killed at once: what they held is gone, which no replica may hide. The run's own ledger stays empty,
 * so that whatever is found of the old history counts as doubled.
 */
export async function allKilled(run: Run): Promise<RoundResult> {
  const { installation } = run;
  const ledger = new Ledger(KEYS);
  const load = await underLoad({ ...run, ledger }, () => Promise.resolve({}));
  const url = `${installation.cluster.proxies[0]?.url ?? ''}/v1/keys/load/0`;
  const old = await fetch(url);
  await old.arrayBuffer();
  const token = old.headers.get('x-kv-session') ?? '';
  const tag = old.headers.get('etag') ?? '';
  const before = await installation.untilInSync();

  for (const { server } of installation.pods) server.kill('SIGKILL');
  await installation.until(
    'a new lineage has begun',
    ({ lineage }) => (lineage?.number ?? 0) > (before.lineage?.number ?? 0) && lineage?.id !== before.lineage?.id,
  );
  const after = await installation.untilInSync();

  const broken: string[] = [];
  const expect = async (what: string, response: Response, status: number, code: string) => {
    const text = await response.text();
    const found = /"code":"([^"]*)"/.exec(text)?.[1] ?? '';
    if (response.status !== status || found !== code) broken.push(`${what}: ${response.status} ${text}`);
  };
  await expect('the key of the old history', await fetch(url), 404, 'no-key');
  const withToken = { headers: { 'x-kv-session': token } };
  await expect('an old token', await fetch(`${url}?consistency=session`, withToken), 410, 'replaced-lineage');
  const guarded = { method: 'PUT', headers: { 'if-match': tag }, body: 'x' };
  await expect('an old tag', await fetch(url, guarded), 412, 'revision-mismatch');
  const said = installation.pods.filter(({ name }) => installation.logOf(name).includes(after.lineage?.id ?? '?'));
  if (said.length === 0) broken.push('no log line names the new lineage');

  const note = `${ledger.acknowledged} acknowledged writes ended with lineage ${String(before.lineage?.number)}; lineage ${String(after.lineage?.number)} is empty`;
  return { ...load, pauseMs: null, note, broken };
}
