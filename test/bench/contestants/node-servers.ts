import { HOST, single, type Contestant, type Running } from './contestant.ts';
import { Workplace } from './workplace.ts';

/** One process of `servers/`, which is told its port and these words. */
function script(title: string, name: string, args: readonly string[] = []): Contestant {
  return {
    title,
    missing: () => null,
    start: () =>
      Workplace.with(async (place) => {
        const [port = 0] = await place.ports(1);
        place.runScript(name, [port, ...args]);
        await place.untilTaken(port);
        return single(port, process.version, () => place.end());
      }),
  };
}

export const nodeHttp = script('bare node:http', 'node-http');
export const express = script('bare Express', 'express');
export const nullHttp = script('null server, HTTP', 'null', ['http']);
export const nullResp = script('null server, RESP', 'null', ['resp']);

const FOLLOWERS = 2;

/**
 * The design of the main earlier service: the leader sends each write to every follower in an HTTP request of its own,
 * and answers when all have answered.
 */
export const fanOut: Contestant = {
  title: `HTTP fan-out, ${FOLLOWERS} followers`,
  missing: () => null,
  start: () =>
    Workplace.with(async (place): Promise<Running> => {
      const [leader = 0, ...followers] = await place.ports(1 + FOLLOWERS);
      for (const port of followers) place.runScript('fan-out', [port]);
      await Promise.all(followers.map((port) => place.untilTaken(port)));
      place.runScript('fan-out', [leader, ...followers]);
      await place.untilTaken(leader);
      return {
        version: process.version,
        addressOf(role) {
          const port = { leader, replica: followers[0], proxy: undefined }[role];
          if (port === undefined) throw new Error(`the fan-out has no ${role}`);
          return Promise.resolve({ host: HOST, port });
        },
        settle: () => Promise.resolve(),
        end: () => place.end(),
      };
    }),
};
