import { resolve } from 'node:path';
import type { App, StorePod } from '../cluster/store-pods.ts';
import { ENTRY_SEEN, FIELD_SEEN, NEWER_OPTION, withNewerRelease } from '../release/newer-release.ts';
import type { MightyStage } from '../stage.ts';
import { underLoad, untilSteady, type Round } from '../under-load.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const IMAGES = [
  { app: 'kvstore', tag: 'kvstore:newer', dockerfile: 'Dockerfile.kvstore' },
  { app: 'kvstore-proxy', tag: 'kvstore-proxy:newer', dockerfile: 'Dockerfile.proxy' },
] as const;
const NOTE = '4711';

/** Each release speaks the versions of the one before: both run side by side for the time of a rollout, and of the way back. */
export async function twoReleases(stage: MightyStage): Promise<Round> {
  const { installation, powers } = stage;
  await withNewerRelease(ROOT, async (context) => {
    for (const { tag, dockerfile } of IMAGES) await powers.buildImage({ tag, dockerfile, context });
  });
  const older = new Map<App, string>();
  for (const { app } of IMAGES) older.set(app, (await installation.pods(app))[0]?.image ?? '');

  return underLoad(stage, {}, async (load) => {
    for (const { app, tag } of IMAGES) await setImage(stage, app, tag);
    await rolledOut(stage);
    await untilSteady(load);
    // All are of the newer release now: whoever leads next says so in what is new.
    await stage.kubectl.run(['delete', 'pod', (await installation.leader()).name]);
    await installation.untilWhole();
    await untilSteady(load);
    const broken = await missing(stage, await installation.pods('kvstore'));

    // The option stays: a release that does not know it lets it be.
    for (const { app } of IMAGES) await setImage(stage, app, older.get(app) ?? '');
    await rolledOut(stage);
    const left = (await installation.pods('kvstore')).filter(({ image }) => image !== older.get('kvstore'));
    broken.push(...left.map(({ name, image }) => `${name} still runs ${image}`));
    return { note: 'forth and back', broken };
  });
}

async function setImage({ kubectl }: MightyStage, app: App, image: string): Promise<void> {
  const deployment = `deployment/${app}`;
  const name = await kubectl.run(['get', deployment, '--output=jsonpath={.spec.template.spec.containers[0].name}']);
  const container = { name, image, env: [{ name: NEWER_OPTION, value: NOTE }] };
  const patch = { spec: { template: { spec: { containers: [container] } } } };
  await kubectl.run(['patch', deployment, '--patch', JSON.stringify(patch)]);
}

async function rolledOut({ kubectl, installation }: MightyStage): Promise<void> {
  for (const { app } of IMAGES) await kubectl.run(['rollout', 'status', `deployment/${app}`, '--timeout=180s']);
  await installation.untilWhole();
}

/** What no log of the replicas shows of the newer release's additions: the rollout would then have shown nothing. */
async function missing({ installation }: MightyStage, pods: readonly StorePod[]): Promise<string[]> {
  const logs = (await Promise.all(pods.map((pod) => installation.logOf(pod)))).join('\n');
  const signs = [`"event":"${FIELD_SEEN}"`, JSON.stringify({ event: ENTRY_SEEN, number: Number(NOTE) }).slice(1, -1)];
  return signs.filter((sign) => !logs.includes(sign)).map((sign) => `nobody has logged ${sign}`);
}
