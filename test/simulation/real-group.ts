import { Group } from '../../src/core/group/group.ts';
import type { MakeGroup, SimulatedGroup } from './inspection.ts';

/** The very core that the product runs. */
export const makeRealGroup: MakeGroup = (options, now) => new Group(options, now) as unknown as SimulatedGroup;
