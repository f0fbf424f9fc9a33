import { createLogger, format, transports } from 'winston';
import type { Log, LogFields } from '../../ports/telemetry.ts';

export interface LogOptions {
  /** What is less severe is dropped. */
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** In every line: which process this is. */
  readonly fields?: LogFields;
  /** Where the lines go. @default process.stderr */
  readonly stream?: NodeJS.WritableStream;
}

/** JSON lines: `{"time", "level", "event", …fields}`. Standard output stays free for what a process has to say. */
export function createLog(options: LogOptions): Log {
  const logger = createLogger({
    level: options.level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    // A line that cannot be written must not end a replica that holds data.
    exitOnError: false,
    transports: [new transports.Stream({ stream: options.stream ?? process.stderr, format: format.printf(lineOf) })],
  });
  const at = (level: LogOptions['level']) => (event: string, fields?: LogFields) => {
    if (logger.isLevelEnabled(level)) logger.log({ level, message: event, fields: { ...options.fields, ...fields } });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function lineOf(info: { level: string; message: unknown; [key: string]: unknown }): string {
  const fields = info['fields'] as LogFields;
  const line = { time: new Date().toISOString(), level: info.level, event: info.message, ...fields };
  try {
    return JSON.stringify(line, readable);
  } catch {
    // A cycle: the event is worth more than its fields.
    return JSON.stringify({ time: line.time, level: line.level, event: line.event, unprintable: Object.keys(fields) });
  }
}

/** An error as JSON is `{}`: its message, stack and cause are what somebody looks for. */
function readable(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    return { name: value.name, message: value.message, stack: value.stack, cause: value.cause };
  }
  return typeof value === 'bigint' ? value.toString() : value;
}
