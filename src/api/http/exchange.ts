import type { IncomingMessage, ServerResponse } from 'node:http';

import type { FastRequest, FastResponse } from './fast-path/exchange.ts';

/** A request of a direct route, whoever has read it. */
export type ApiRequest = IncomingMessage | FastRequest;
/** Where its answer goes. */
export type ApiResponse = ServerResponse | FastResponse;
