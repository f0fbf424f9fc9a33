import { describe, expect, test } from '@jest/globals';
import { judgeHttp } from '../../bench/load/http-answer.ts';
import { WrongAnswer, type Judge, type Request } from '../../bench/load/request.ts';
import { judgeResp } from '../../bench/load/resp-answer.ts';

const request = (options: Partial<Request>): Request => ({
  bytes: Buffer.from('the request'),
  operations: 1,
  commands: 1,
  expected: null,
  times: 0,
  ...options,
});

const judge = (judgeOf: Judge, answer: string, asked: Request): number =>
  judgeOf(Buffer.from(answer), answer.length, asked);

/** Until the last byte of it is there an answer is not there. */
function expectPieces(judgeOf: Judge, answer: string, asked: Request): void {
  const bytes = Buffer.from(answer);
  const lengths = Array.from({ length: answer.length + 1 }, (_, end) => judgeOf(bytes, end, asked));
  expect(lengths).toEqual([...Array.from({ length: answer.length }, () => 0), answer.length]);
}

describe('HTTP', () => {
  const ANSWER = 'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 5\r\nDate: now\r\n\r\nhello';

  test('an answer is there when its last byte is', () => {
    expectPieces(judgeHttp, ANSWER, request({ expected: Buffer.from('hello') }));
  });

  test('what comes after it does not belong to it', () => {
    expect(judge(judgeHttp, `${ANSWER}HTTP/1.1 200 OK`, request({}))).toBe(ANSWER.length);
  });

  test('the case of Content-Length does not matter, nor do names that begin like it', () => {
    const answer = 'HTTP/1.1 204 No Content\r\nContent-Length-X: 9\r\ncontent-LENGTH:2\r\n\r\nok';
    expect(judge(judgeHttp, answer, request({ expected: Buffer.from('ok') }))).toBe(answer.length);
  });

  test.each([
    ['another status than 2xx', 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'],
    ['a redirect', 'HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n\r\n'],
    ['another value of the same length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo'],
    ['a value that only begins like it', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!'],
    ['a value that is cut', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell'],
    ['no Content-Length', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(2000)}`],
  ])('%s is a wrong answer', (_, answer) => {
    expect(() => judge(judgeHttp, answer, request({ expected: Buffer.from('hello') }))).toThrow(WrongAnswer);
  });

  test('what must be in the body so many times is there just as often', () => {
    const asked = request({ expected: Buffer.from('"ok"'), times: 2 });
    const answer = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    expect(judge(judgeHttp, answer('["ok","ok"]'), asked)).toBeGreaterThan(0);
    for (const body of ['["ok","no"]', '["ok","ok","ok"]'])
      expect(() => judge(judgeHttp, answer(body), asked)).toThrow(WrongAnswer);
  });

  test('a wrong answer tells what was asked, and what was said', () => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno';
    expect(() => judge(judgeHttp, answer, request({ expected: Buffer.from('ok') }))).toThrow(
      '"the request" was answered with "no"',
    );
  });
});

describe('RESP', () => {
  const written = request({ commands: 2, expected: Buffer.from('+OK\r\n:2\r\n') });
  const read = request({ expected: Buffer.from('$5\r\nhello\r\n') });

  test('an answer is there when its last byte is', () => {
    expectPieces(judgeResp, '$5\r\nhello\r\n', read);
    expectPieces(judgeResp, '+OK\r\n:2\r\n', written);
  });

  test.each([
    ['fewer copies than were waited for', '+OK\r\n:1\r\n', written],
    ['an error', "-READONLY You can't write\r\n-ERR no replicas\r\n", written],
    ['no such key', '$-1\r\n', read],
    ['another value', '$5\r\nhallo\r\n', read],
    ['an array', '*1\r\n$5\r\nhello\r\n', read],
  ])('%s is a wrong answer', (_, answer, asked) => {
    expect(() => judge(judgeResp, answer, asked)).toThrow(WrongAnswer);
  });
});
